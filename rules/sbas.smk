# SBAS: time series and LOS rate by batched least squares, or by MintPy.
