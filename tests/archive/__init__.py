"""The archive in a box: what sarslide speaks to the real archives, on this machine, with faults on demand."""
