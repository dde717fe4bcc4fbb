# Products beside the rates: D-InSAR of one pair, three-channel fusion, observability, time series of polygons.
