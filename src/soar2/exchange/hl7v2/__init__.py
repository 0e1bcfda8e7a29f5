"""HL7 version 2, read tolerantly and answered by the letter; pure, without framework, clock or network."""
