"""The compiled twin of the transcoders: optional, and never needed (docs/models.md)."""
