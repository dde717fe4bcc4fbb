"""Codes of the layer `decoy` of simulated scenes, for those who score maps without a simulator."""

# The first four are planted objects, the others are areas: see `sarsim.scene.decoys`.
DECOYS: dict[str, int] = {
    "subsidence": 1,
    "glacier": 2,
    "snow": 3,
    "mining": 4,
    "stratified": 5,
    "forest": 6,
    "unwrapping": 7,
    "layover": 8,
}
OBJECTS = ("subsidence", "glacier", "snow", "mining")
AREAS = ("stratified", "forest", "unwrapping", "layover")
