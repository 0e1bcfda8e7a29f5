"""What medicine says. Pure: standard library only, no clock, no input or output; every table carries its source."""
