"""The page of a tended run, and the interface for programs: both on one small server of this machine."""
