"""The common language: one template, and the reader that turns a report's words into findings. Pure."""
