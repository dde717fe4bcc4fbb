# Interferograms of the HyP3 service, ordered pair by pair by the engine of that name; only the DEM
# is made here.


include: "dem.smk"
