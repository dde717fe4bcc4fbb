# Displacement products: the files lie where the user keeps them; only a DEM is made.


include: "dem.smk"
