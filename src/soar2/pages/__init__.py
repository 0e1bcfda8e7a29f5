"""The look: page frame, components, marks and the drawing of the spine. It knows no patient and no rule."""
