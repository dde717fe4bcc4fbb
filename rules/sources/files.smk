# Interferograms of another processor: the files lie where the user keeps them, only the DEM is made.


include: "dem.smk"
