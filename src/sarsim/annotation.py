"""Annotation, calibration and noise files of one swath and polarisation, as IPF 003.52 writes them,
or on request older ones.

Element for element in the order of real Sentinel-1A files, so that readers which count on it are
served. What has no counterpart in a simulation (downlink errors, raw-data statistics) carries
neutral values.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.etree import ElementTree

import numpy as np

from sarsim import acquisition as radar
from sarsim import geometry
from sarsim.acquisition import SimulatedAcquisition
from sarsim.swaths import Swath

BETA_CONSTANT = 237.0  # digital number of a pixel with beta nought 1
NOISE_SIGMA_NOUGHT = 10 ** (-2.4)  # noise-equivalent sigma nought
# The same of Terceira's darkest sea, lines 520 to 600 of tests/data/real/sentinel1/slc_terceira: an
# upper bound, for the sea returns a little. A mean square of 156, incidence 43.7 degrees.
MEASURED_NOISE = 156 / BETA_CONSTANT**2 * math.sin(math.radians(43.7))
# Power of the noise by Doppler, in half bands, over the mean of all frequencies, there in lines 440
# to 600: it piles up at one edge of the band.
MEASURED_NOISE_DOPPLER = np.array(
    [
        (-1.0, 1.7), (-0.9, 1.15), (-0.8, 0.94), (-0.6, 0.94), (-0.4, 1.15), (-0.1, 1.5), (0.1, 1.6), (0.4, 1.41),
        (0.55, 1.32), (0.65, 1.47), (0.75, 1.8), (0.82, 2.2), (0.88, 3.0), (0.93, 4.1), (0.965, 5.4), (1.0, 5.4),
    ]
)  # fmt: skip
POLARISATIONS = ("VH", "VV")  # in the order in which a dual-polarised product numbers its images
GRID_PIXELS = 21
BURST_IDS_SINCE = "003.40"  # the IPF version
LUT_STEP = 40  # samples between entries of calibration and noise vectors
_ERROR_COUNTERS = (
    "SyncMarker", "DataTakeId", "EccNumber", "TestMode", "RxChannelId", "InstrumentConfigId", "PacketCount",
    "PriCount", "SsbErrorFlag", "BaqMode", "BaqBlockLength", "RangeDecimation", "RxGain", "TxRampRate",
    "TxPulseStartFrequency", "Rank", "Pri", "Swst", "Swl", "Polarisation", "TempComp", "ElevationBeamAddress",
    "AzimuthBeamAddress", "SasTestMode", "CalType", "CalibrationBeamAddress", "CalMode", "TxPulseNumber",
    "SignalType", "SwapFlag", "SwathNumber",
)  # fmt: skip
_BEAM_CYCLE, _PREAMBLE = 2.758273, 2.299849  # s, of the ESA burst id map


def node(tag: str, *children: ElementTree.Element, text: object = None, **attributes: object) -> ElementTree.Element:
    """An XML element with children in order, or text, or neither.

    Parameters
    ----------
    tag : str
        Name of the element.
    *children : Element
        Its children.
    text : object
        Its text.
    **attributes
        Its attributes.

    Returns
    -------
    Element
        The element.
    """
    element = ElementTree.Element(tag, {k: str(v) for k, v in attributes.items()})
    element.extend(children)
    if text is not None:
        element.text = {True: "true", False: "false"}.get(text, str(text)) if isinstance(text, bool) else str(text)
    return element


def leaves(**values: object) -> list[ElementTree.Element]:
    """Elements with text.

    Parameters
    ----------
    **values
        Name and text of each.

    Returns
    -------
    list of Element
        One per keyword.
    """
    return [node(tag, text=value) for tag, value in values.items()]


def listing(tag: str, elements: list[ElementTree.Element]) -> ElementTree.Element:
    """An element that counts its children.

    Parameters
    ----------
    tag : str
        Name of the element.
    elements : list of Element
        Its children.

    Returns
    -------
    Element
        The element.
    """
    return node(tag, *elements, count=len(elements))


def vector(
    tag: str, values: np.ndarray | Sequence[float], form: str = "{:.6e}", count: int | None = None
) -> ElementTree.Element:
    """An element with numbers, and how many there are.

    Parameters
    ----------
    tag : str
        Name of the element.
    values : array of float
        The numbers.
    form : str
        How each is printed.
    count : int, optional
        The number that is stated.

    Returns
    -------
    Element
        The element.
    """
    return node(tag, text=" ".join(form.format(v) for v in values), count=len(values) if count is None else count)


def xml_bytes(root: ElementTree.Element) -> bytes:
    """An XML document.

    Parameters
    ----------
    root : Element
        Its root.

    Returns
    -------
    bytes
        With declaration, indented.
    """
    ElementTree.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def iso(time: datetime) -> str:
    """A time as annotations print it.

    Parameters
    ----------
    time : datetime
        UTC.

    Returns
    -------
    str
        ISO 8601 to the microsecond.
    """
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")


def real(value: float) -> str:
    """A number as annotations print it.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        Its text.
    """
    return f"{value:.15e}"


def start_time(acq: SimulatedAcquisition) -> datetime:
    """UTC of the first line.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    datetime
        The time.
    """
    return acq.utc(acq.burst_starts[0])


def stop_time(acq: SimulatedAcquisition) -> datetime:
    """UTC of the last line.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    datetime
        The time.
    """
    return acq.utc(acq.burst_starts[-1] + (acq.lines - 1) * radar.LINE_INTERVAL)


def data_take(acq: SimulatedAcquisition) -> int:
    """Id of the data take: a number of the right size, one per orbit.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    int
        The id.
    """
    return acq.absolute_orbit * 8 + 3


def line_time(acq: SimulatedAcquisition, line: int) -> float:
    """Time of a line of the measurement, in which bursts stand one after the other.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    line : int
        The line.

    Returns
    -------
    float
        Zero-Doppler time, s.
    """
    burst = min(line // acq.lines, len(acq.burst_starts) - 1)
    return acq.burst_starts[burst] + (line - burst * acq.lines) * radar.LINE_INTERVAL


def lut_pixels(acq: SimulatedAcquisition) -> np.ndarray:
    """Samples at which calibration and noise vectors have values.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    ndarray
        Samples.
    """
    return np.unique(np.append(np.arange(0, acq.samples, LUT_STEP), acq.samples - 1))


def center_height(acq: SimulatedAcquisition) -> float:
    """Height of the middle of the region, the terrain height of the annotation.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    float
        Ellipsoidal height, m.
    """
    return float(geometry.to_geodetic(acq.track.center)[2])


def swath_incidence(acq: SimulatedAcquisition, samples: np.ndarray) -> np.ndarray:
    """Incidence angle at the middle of the scene.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    samples : array of float
        Samples.

    Returns
    -------
    ndarray
        Degree, from the ellipsoid's normal.
    """
    slant = acq.slant_time(samples) * radar.SPEED_OF_LIGHT / 2
    points = geometry.locate(acq.arc, np.zeros(len(slant)), slant, center_height(acq), acq.track.center)
    return geometry.incidence_deg(acq.arc, points)


def azimuth_spacing(acq: SimulatedAcquisition) -> float:
    """Distance of lines on the ground.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    float
        m.
    """
    satellite, velocity, _ = acq.arc.state(0.0)
    speed = np.linalg.norm(velocity) * (acq.track.center @ satellite) / (satellite @ satellite)
    return float(speed) * radar.LINE_INTERVAL


def geolocation_grid(acq: SimulatedAcquisition) -> list[dict[str, float]]:
    """Tie points at burst starts and the last line, every twentieth of the swath, at mean height.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    list of dict
        One a point: values by the name of the record.
    """
    lines = [*range(0, acq.product_lines, acq.lines), acq.product_lines - 1]
    pixels = np.linspace(0, acq.samples - 1, GRID_PIXELS).astype(int)
    slant_time = acq.slant_time(pixels)
    grid = []
    for line in lines:
        t = line_time(acq, line)
        points = geometry.locate(
            acq.arc,
            np.full(len(pixels), t),
            slant_time * radar.SPEED_OF_LIGHT / 2,
            center_height(acq),
            acq.track.center,
        )
        lon, lat, height = geometry.to_geodetic(points)
        satellite = acq.arc.state(t)[0]
        look = (points - satellite) / np.linalg.norm(points - satellite, axis=1)[:, None]
        elevation = np.degrees(np.arccos(-look @ satellite / np.linalg.norm(satellite)))
        incidence = geometry.incidence_deg(acq.arc, points)
        for k, pixel in enumerate(pixels):
            grid.append(
                {
                    "time": t, "slant_time": slant_time[k], "line": line, "pixel": int(pixel), "lat": lat[k], "lon": lon[k],
                    "height": height[k], "incidence": incidence[k], "elevation": elevation[k],
                }
            )  # fmt: skip
    return grid


def burst_id(acq: SimulatedAcquisition, burst: int) -> int:
    """Relative burst id of ESA's burst id map.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    burst : int
        Number of the burst.

    Returns
    -------
    int
        Burst cycles since the first node of the repeat cycle.
    """
    orbit_period = radar.REPEAT_DAYS * 86400.0 / radar.ORBITS_PER_REPEAT
    since = acq.burst_middle(burst) - acq.ascending_node + (acq.track.relative_orbit - 1) * orbit_period
    return 1 + math.floor((since - _PREAMBLE) / _BEAM_CYCLE)


def image_number(polarisation: str, swath: Swath) -> str:
    """Number of an image in a dual-polarised product.

    Parameters
    ----------
    polarisation : str
        VV or VH.
    swath : Swath
        The swath.

    Returns
    -------
    str
        001 to 003 are IW1 to IW3 in VH, 004 to 006 in VV.
    """
    return f"{POLARISATIONS.index(polarisation) * 3 + int(swath.name[-1]):03d}"


def header(acq: SimulatedAcquisition) -> ElementTree.Element:
    """The header that all annotation files share.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    Element
        The element.
    """
    return node(
        "adsHeader",
        *leaves(
            missionId=acq.mission, productType="SLC", polarisation=acq.label.polarisation, mode="IW",
            swath=acq.swath.name, startTime=iso(start_time(acq)),
            stopTime=iso(stop_time(acq)), absoluteOrbitNumber=acq.absolute_orbit, missionDataTakeId=data_take(acq),
            imageNumber=image_number(acq.label.polarisation, acq.swath),
        ),
    )  # fmt: skip


def product(
    acq: SimulatedAcquisition, byte_offsets: list[int], mean: complex, deviation: complex
) -> ElementTree.Element:
    """The annotation of an image.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    byte_offsets : list of int
        Of each burst's first line in the measurement.
    mean, deviation : complex
        Mean and standard deviation of the pixels.

    Returns
    -------
    Element
        The document.
    """
    grid = geolocation_grid(acq)
    tree = node(
        "product",
        header(acq),
        _quality(acq, mean, deviation),
        _general(acq),
        _image(acq, mean, deviation),
        node("dopplerCentroid", listing("dcEstimateList", [_doppler(acq, p) for p in acq.dopplers])),
        node("antennaPattern", listing("antennaPatternList", [_antenna(acq, k) for k in range(len(acq.burst_starts))])),
        _timing(acq, byte_offsets),
        node("geolocationGrid", listing("geolocationGridPointList", [_grid_point(acq, p) for p in grid])),
        node("coordinateConversion", listing("coordinateConversionList", [])),
        node("swathMerging", listing("swathMergeList", [])),
    )
    if acq.label.ipf_version < BURST_IDS_SINCE:
        _without(tree, "burstId", "rfiMitigationPerformed", "rfiMitigationDomain")
    if acq.label.ipf_version < "003":
        _without(tree, "roll", below="antennaPattern")
        for rate in tree.iter("azimuthFmRate"):
            polynomial = rate[-1]
            rate.remove(polynomial)
            rate.extend(node(f"c{k}", text=value) for k, value in enumerate((polynomial.text or "").split()))
    return tree


def _without(tree: ElementTree.Element, *tags: str, below: str | None = None) -> None:
    """Remove the elements with these tags, everywhere or as children of one tag only."""
    for parent in list(tree.iter(below)):
        for child in [child for child in parent if child.tag in tags]:
            parent.remove(child)


def _statistics(mean: complex, deviation: complex) -> list[ElementTree.Element]:
    def pair(tag: str, value: complex) -> ElementTree.Element:
        return node(tag, *leaves(re=f"{value.real:.6e}", im=f"{value.imag:.6e}"))

    return [pair("outputDataMean", mean), pair("outputDataStdDev", deviation)]


def _quality(acq: SimulatedAcquisition, mean: complex, deviation: complex) -> ElementTree.Element:
    downlink = node(
        "downlinkQuality",
        *leaves(
            iInputDataMean=real(0), qInputDataMean=real(0), inputDataMeanOutsideNominalRangeFlag=False,
            iInputDataStdDev=real(8), qInputDataStdDev=real(8), inputDataStDevOutsideNominalRangeFlag=False,
            numDownlinkInputDataGaps=0, downlinkGapsInInputDataSignificantFlag=False, numDownlinkInputMissingLines=0,
            downlinkMissingLinesSignificantFlag=False, numInstrumentInputDataGaps=0,
            instrumentGapsInInputDataSignificantFlag=False, numInstrumentInputMissingLines=0,
            instrumentMissingLinesSignificantFlag=False, numSsbErrorInputDataGaps=0,
            ssbErrorGapsInInputDataSignificantFlag=False, numSsbErrorInputMissingLines=0,
            ssbErrorMissingLinesSignificantFlag=False, chirpSourceUsed="Nominal", pgSourceUsed="Model",
            rrfSpectrumUsed="Extended Tapered", replicaReconstructionFailedFlag=False, meanPgProductAmplitude=real(1),
            stdDevPgProductAmplitude=real(0), meanPgProductPhase=real(0), stdDevPgProductPhase=real(0),
            pgProductDerivationFailedFlag=False, invalidDownlinkParamsFlag=False,
        ),
    )  # fmt: skip
    raw = node(
        "rawDataAnalysisQuality",
        *leaves(
            iBias=real(0), iBiasSignificanceFlag=False, qBias=real(0), qBiasSignificanceFlag=False, iqGainImbalance=real(1),
            iqGainSignificanceFlag=False, iqQuadratureDeparture=real(0), iqQuadratureDepartureSignificanceFlag=False,
        ),
    )  # fmt: skip
    doppler = node("dopplerCentroidQuality", *leaves(dcMethod="Data Analysis", dopplerCentroidUncertainFlag=False))
    image = node(
        "imageQuality",
        node("imageStatistics", *_statistics(mean, deviation)),
        *leaves(outputDataMeanOutsideNominalRangeFlag=False, outputDataStDevOutsideNominalRangeFlag=False),
    )
    data = node("qualityData", node("azimuthTime", text=iso(start_time(acq))), downlink, raw, doppler, image)
    return node("qualityInformation", *leaves(productQualityIndex=real(0)), listing("qualityDataList", [data]))


def heading_deg(acq: SimulatedAcquisition) -> float:
    """Flight direction over the Earth at mid-scene.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    float
        -180 to 180 degrees clockwise from north.
    """
    position, velocity, _ = acq.arc.state(0.0)
    lon, lat, _ = geometry.to_geodetic(position)
    east, north, _ = geometry.enu_basis(lon, lat)
    return math.degrees(math.atan2(velocity @ east, velocity @ north))


def _general(acq: SimulatedAcquisition) -> ElementTree.Element:
    information = node(
        "productInformation",
        *leaves(
            **{"pass": "Ascending" if acq.track.ascending else "Descending"}, timelinessCategory="Fast-24h",
            platformHeading=real(heading_deg(acq)), projection="Slant Range", rangeSamplingRate=real(radar.RANGE_SAMPLING),
            radarFrequency=real(radar.RADAR_FREQUENCY), azimuthSteeringRate=real(acq.swath.steering_rate),
        ),
    )  # fmt: skip
    terrain = [
        node("terrainHeight", *leaves(azimuthTime=iso(acq.utc(t)), value=real(center_height(acq))))
        for t in (acq.burst_starts[0] - 10.0, acq.burst_starts[0], acq.burst_starts[0] + 10.0)
    ]
    rates = [
        node(
            "azimuthFmRate",
            *leaves(azimuthTime=iso(acq.utc(p.time)), t0=real(p.t0)),
            vector("azimuthFmRatePolynomial", p.coefficients, "{:.15e}"),
        )
        for p in acq.fm_rates
    ]
    noise = node(
        "noise",
        *leaves(
            swath=acq.swath.name,
            azimuthTime=iso(start_time(acq)),
            noisePowerCorrectionFactor=real(1),
            numberOfNoiseLines=8,
        ),
    )
    return node(
        "generalAnnotation",
        information,
        listing("downlinkInformationList", [_downlink(acq)]),
        listing("orbitList", _orbit(acq)),
        listing("attitudeList", _attitude(acq)),
        listing("rawDataAnalysisList", [_raw_analysis(acq)]),
        listing("replicaInformationList", [_replica(acq)]),
        listing("noiseList", [noise]),
        listing("terrainHeightList", terrain),
        listing("azimuthFmRateList", rates),
    )


def _downlink(acq: SimulatedAcquisition) -> ElementTree.Element:
    start, stop = start_time(acq), stop_time(acq)
    errors = {f"numErr{name}": 0 for name in _ERROR_COUNTERS} | {"numErrNumberOfQuads": 0, "numIspHeaderErrors": 0}
    swath = acq.swath
    window_start = acq.near_time - 2e-6 - swath.rank / swath.pulse_frequency
    values = node(
        "downlinkValues",
        *leaves(
            pri=real(1 / swath.pulse_frequency), rank=swath.rank, dataTakeId=data_take(acq), eccNumber=8, rxChannelId=0,
            instrumentConfigId=6,
        ),
        node(
            "dataFormat",
            *leaves(
                baqBlockLength=256, echoFormat="FDBAQ", noiseFormat="BAQ 5 Bit", calibrationFormat="Decimation",
                meanBitRate=real(0.75),
            ),
        ),
        node(
            "rangeDecimation",
            *leaves(
                decimationFilterBandwidth=real(swath.decimation_bandwidth),
                samplingFrequencyAfterDecimation=real(swath.decimation_frequency), filterLength=swath.filter_length,
            ),
        ),
        *leaves(
            rxGain=real(-4), txPulseLength=real(swath.pulse_length), txPulseStartFrequency=real(swath.pulse_start),
            txPulseRampRate=real(swath.pulse_rate), swathNumber=swath.number,
        ),
        listing("swlList", [node("swl", *leaves(azimuthTime=iso(start), value=real(acq.samples / radar.RANGE_SAMPLING)))]),
        listing("swstList", [node("swst", *leaves(azimuthTime=iso(start), value=real(window_start)))]),
        listing(
            "pointingStatusList",
            [
                node(
                    "pointingStatus",
                    *leaves(
                        azimuthTime=iso(start), aocsOpMode="Normal Pointing Mode", rollErrorFlag=False, pitchErrorFlag=False,
                        yawErrorFlag=False,
                    ),
                )
            ],
        ),
    )  # fmt: skip
    return node(
        "downlinkInformation",
        *leaves(
            swath=acq.swath.name, azimuthTime=iso(start), firstLineSensingTime=iso(start), lastLineSensingTime=iso(stop),
            prf=real(acq.swath.pulse_frequency),
        ),
        node("bitErrorCount", *leaves(**errors)),
        values,
    )  # fmt: skip


def _orbit(acq: SimulatedAcquisition) -> list[ElementTree.Element]:
    near = (acq.state_times > -80.0) & (acq.state_times < 80.0)
    return [
        node(
            "orbit",
            *leaves(time=iso(acq.utc(t)), frame="Earth Fixed"),
            node("position", *leaves(**{axis: real(v) for axis, v in zip("xyz", state[:3], strict=True)})),
            node("velocity", *leaves(**{axis: real(v) for axis, v in zip("xyz", state[3:], strict=True)})),
        )
        for t, state in zip(acq.state_times[near], np.round(acq.states[near], 6), strict=True)
    ]


def _attitude(acq: SimulatedAcquisition) -> list[ElementTree.Element]:
    """Zero-Doppler steered attitude, x along the flight, z towards the swath; inertial axes by
    sidereal time alone.
    """
    from scipy.spatial.transform import Rotation

    elements = []
    for t in np.arange(-4.0, 5.0):
        position, velocity, _ = acq.arc.state(t)
        x = velocity / np.linalg.norm(velocity)
        z = acq.track.center - position
        z -= (z @ x) * x
        z /= np.linalg.norm(z)
        days = (acq.utc(t).replace(tzinfo=None) - datetime(2000, 1, 1, 12)) / timedelta(days=1)
        sidereal = Rotation.from_euler("z", 280.46061837 + 360.98564736629 * days, degrees=True)
        body = sidereal * Rotation.from_matrix(np.stack([x, np.cross(z, x), z], 1))
        q = body.as_quat(canonical=True)
        roll, pitch, yaw = body.as_euler("xyz", degrees=True)
        rate = np.linalg.norm(velocity) / np.linalg.norm(position)
        elements.append(
            node(
                "attitude",
                *leaves(
                    time=iso(acq.utc(t)), frame="GM2000", q0=f"{q[3]:.6e}", q1=f"{q[0]:.6e}", q2=f"{q[1]:.6e}",
                    q3=f"{q[2]:.6e}", wx=real(0), wy=real(float(-rate)), wz=real(0), roll=real(roll), pitch=real(pitch),
                    yaw=real(yaw),
                ),
            )
        )  # fmt: skip
    return elements


def _raw_analysis(acq: SimulatedAcquisition) -> ElementTree.Element:
    support = leaves(
        iBiasUpperBound=real(0.01), iBiasLowerBound=real(-0.01), qBiasUpperBound=real(0.01), qBiasLowerBound=real(-0.01),
        iqGainUpperBound=real(1.001), iqGainLowerBound=real(0.999), iqQuadratureDepartureUpperBound=real(1),
        iqQuadratureDepartureLowerBound=real(-1), iBiasUsedForCorrection=real(0), qBiasUsedForCorrection=real(0),
        iqGainImbalanceUsedForCorrection=real(1), iqQuadratureDepartureUsedForCorrection=real(0),
    )  # fmt: skip
    return node(
        "rawDataAnalysis",
        *leaves(
            azimuthTime=iso(start_time(acq)), iBias=real(0), qBias=real(0), iqQuadratureDeparture=real(0),
            iqGainImbalance=real(1),
        ),
        node("support", *support),
    )  # fmt: skip


def _replica(acq: SimulatedAcquisition) -> ElementTree.Element:
    reference = node(
        "referenceReplica",
        *leaves(azimuthTime=iso(start_time(acq)), chirpSource="Nominal", pgSource="Model"),
        vector("amplitudeCoefficients", np.array([1.0, 0.0, 0.0, 0.0])),
        vector("phaseCoefficients", np.array([0.0, *acq.swath.replica, 0.0])),
        *leaves(timeDelay=f"{4.33241e-07:.6e}"),
        node("gain", *leaves(re=f"{1:.6e}", im=f"{0:.6e}")),
    )
    replica = node(
        "replica",
        *leaves(
            azimuthTime=iso(start_time(acq)), crossCorrelationBandwidth=f"{0.98:.6e}", crossCorrelationPslr=f"{-13:.6e}",
            crossCorrelationIslr=f"{-9.7:.6e}", crossCorrelationPeakLocation=f"{0:.6e}", reconstructedReplicaValidFlag=True,
            pgProductAmplitude=f"{1:.6e}", pgProductPhase=f"{0:.6e}", modelPgProductAmplitude=f"{1:.6e}",
            modelPgProductPhase=f"{0:.6e}", relativePgProductValidFlag=True, absolutePgProductValidFlag=True,
            internalTimeDelay=f"{4.33241e-07:.6e}",
        ),
    )  # fmt: skip
    return node("replicaInformation", *leaves(swath=acq.swath.name), reference, listing("replicaList", [replica]))


def _image(acq: SimulatedAcquisition, mean: complex, deviation: complex) -> ElementTree.Element:
    start, stop = start_time(acq), stop_time(acq)
    piece = node(
        "slice", *leaves(sliceNumber=acq.label.slice_number, sensingStartTime=iso(start), sensingStopTime=iso(stop))
    )
    information = node(
        "imageInformation",
        *leaves(
            productFirstLineUtcTime=iso(start), productLastLineUtcTime=iso(stop),
            ascendingNodeTime=iso(acq.utc(acq.ascending_node)), anchorTime=iso(start), productComposition="Slice",
            sliceNumber=acq.label.slice_number,
        ),
        listing("sliceList", [piece]),
        *leaves(
            slantRangeTime=real(acq.near_time), pixelValue="Complex", outputPixels="16 bit Signed Integer",
            rangePixelSpacing=f"{radar.RANGE_SPACING:.6e}", azimuthPixelSpacing=f"{azimuth_spacing(acq):.6e}",
            azimuthTimeInterval=real(radar.LINE_INTERVAL), azimuthFrequency=real(1 / radar.LINE_INTERVAL),
            numberOfSamples=acq.samples, numberOfLines=acq.product_lines, zeroDopMinusAcqTime=real(0),
            incidenceAngleMidSwath=real(float(swath_incidence(acq, np.array([acq.samples / 2]))[0])),
        ),
        node("imageStatistics", *_statistics(mean, deviation)),
    )  # fmt: skip

    def bandwidths(total: float, processed: float, window: float) -> list[ElementTree.Element]:
        return leaves(
            windowType="Hamming", windowCoefficient=real(window), totalBandwidth=real(total),
            processingBandwidth=real(processed), lookBandwidth=real(processed), numberOfLooks=1, lookOverlap=real(0),
        )  # fmt: skip

    swath = acq.swath
    parameters = node(
        "swathProcParams",
        *leaves(swath=acq.swath.name),
        node("rangeProcessing", *bandwidths(swath.chirp_bandwidth, swath.range_bandwidth, radar.RANGE_WINDOW)),
        node("azimuthProcessing", *bandwidths(swath.azimuth_bandwidth, swath.azimuth_bandwidth, swath.azimuth_window)),
        *leaves(processorScalingFactor=f"{1:.6e}"),
    )
    dimensions = node(
        "inputDimensions",
        *leaves(
            azimuthTime=iso(start),
            swath=acq.swath.name,
            numberOfInputSamples=acq.samples,
            numberOfInputLines=acq.product_lines,
        ),
    )
    processing = node(
        "processingInformation",
        *leaves(
            rawDataAnalysisUsed=True, orbitDataFileUsed=True, attitudeDataFileUsed=False, rxVariationCorrectionApplied=True,
            antennaElevationPatternApplied=True, antennaAzimuthPatternApplied=True, antennaAzimuthElementPatternApplied=True,
            dcMethod="Data Analysis", dcInputData="Range Compressed", rangeSpreadingLossCompensationApplied=True,
            srgrConversionApplied=False, detectionPerformed=False, thermalNoiseCorrectionPerformed=False,
            rfiMitigationPerformed="Never", rfiMitigationDomain="TimeAndFrequency", chirpSource="Nominal", pgSource="Model",
            rrfSpectrum="Extended Tapered", applicationLutId="IW_Default",
        ),
        listing("swathProcParamsList", [parameters]),
        listing("inputDimensionsList", [dimensions]),
        *leaves(
            referenceRange=real(8e5), ellipsoidName="WGS84", ellipsoidSemiMajorAxis=real(geometry.SEMI_MAJOR),
            ellipsoidSemiMinorAxis=real(geometry.SEMI_MINOR), bistaticDelayCorrectionApplied=True,
            topsFilterConvention="Only Echo Lines", orbitSource="Auxiliary", attitudeSource="Downlink",
        ),
    )  # fmt: skip
    return node("imageAnnotation", information, processing)


def _doppler(acq: SimulatedAcquisition, estimate: radar.RangePolynomial) -> ElementTree.Element:
    slant_time = acq.slant_time(np.linspace(0, acq.samples, GRID_PIXELS - 1))
    fine = [
        node("fineDce", *leaves(slantRangeTime=real(t), frequency=real(f)))
        for t, f in zip(slant_time, estimate.at(slant_time), strict=True)
    ]
    cycle = radar.BURST_CYCLE * radar.LINE_INTERVAL / 2
    return node(
        "dcEstimate",
        *leaves(azimuthTime=iso(acq.utc(estimate.time)), t0=real(estimate.t0)),
        vector("geometryDcPolynomial", np.zeros(3)),
        vector("dataDcPolynomial", estimate.coefficients, "{:.15e}"),
        *leaves(
            dataDcRmsError=real(0), dataDcRmsErrorAboveThreshold=False,
            fineDceAzimuthStartTime=iso(acq.utc(estimate.time - cycle)),
            fineDceAzimuthStopTime=iso(acq.utc(estimate.time + cycle)),
        ),
        listing("fineDceList", fine),
    )  # fmt: skip


def _antenna(acq: SimulatedAcquisition, burst: int) -> ElementTree.Element:
    samples = np.linspace(0, acq.samples - 1, 50)
    incidence = swath_incidence(acq, samples)
    satellite = float(np.linalg.norm(acq.arc.state(0.0)[0]))
    elevation = np.degrees(np.arcsin(np.linalg.norm(acq.track.center) / satellite * np.sin(np.radians(incidence))))
    return node(
        "antennaPattern",
        *leaves(swath=acq.swath.name, azimuthTime=iso(acq.utc(acq.burst_starts[burst]))),
        vector("slantRangeTime", acq.slant_time(samples), "{:.15e}"),
        vector("elevationAngle", elevation),
        vector("elevationPattern", np.tile([1.0, 0.0], len(samples)), count=len(samples)),
        vector("incidenceAngle", incidence),
        *leaves(terrainHeight=real(center_height(acq)), roll=real(29.45)),
    )


def _timing(acq: SimulatedAcquisition, byte_offsets: list[int]) -> ElementTree.Element:
    first, last = acq.valid_lines
    inside = (np.arange(acq.lines) >= first) & (np.arange(acq.lines) < last)
    margin = radar.VALID_SAMPLES_MARGIN
    # raw echoes of a burst are taken while the beam sweeps over its middle part
    sensing = (acq.lines * radar.LINE_INTERVAL - acq.swath.echoes) / 2
    bursts = []
    for k, start in enumerate(acq.burst_starts):
        identity = burst_id(acq, k)
        cycles = (acq.absolute_orbit - 1) // radar.ORBITS_PER_REPEAT
        total = math.floor(radar.REPEAT_DAYS * 86400.0 / _BEAM_CYCLE)
        bursts.append(
            node(
                "burst",
                *leaves(
                    azimuthTime=iso(acq.utc(start)), azimuthAnxTime=real(start - acq.ascending_node),
                    sensingTime=iso(acq.utc(start + sensing)), byteOffset=byte_offsets[k],
                ),
                vector("firstValidSample", np.where(inside, margin, -1), "{:d}"),
                vector("lastValidSample", np.where(inside, acq.samples - 1 - margin, -1), "{:d}"),
                node("burstId", text=identity, absolute=cycles * total + identity),
            )
        )  # fmt: skip
    return node(
        "swathTiming",
        *leaves(linesPerBurst=acq.lines, samplesPerBurst=acq.samples),
        listing("burstList", bursts),
    )


def _grid_point(acq: SimulatedAcquisition, point: dict[str, float]) -> ElementTree.Element:
    return node(
        "geolocationGridPoint",
        *leaves(
            azimuthTime=iso(acq.utc(point["time"])), slantRangeTime=real(point["slant_time"]), line=point["line"],
            pixel=point["pixel"], latitude=real(point["lat"]), longitude=real(point["lon"]), height=real(point["height"]),
            incidenceAngle=real(point["incidence"]), elevationAngle=real(point["elevation"]),
        ),
    )  # fmt: skip


def calibration(acq: SimulatedAcquisition) -> ElementTree.Element:
    """Calibration vectors: sigma0 = DN^2 / sigmaNought^2, beta0 = DN^2 / BETA_CONSTANT^2.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    Element
        The document.
    """
    pixels = lut_pixels(acq)
    angle = np.radians(swath_incidence(acq, pixels.astype(float)))
    constant = np.full(len(pixels), BETA_CONSTANT)
    vectors = [
        node(
            "calibrationVector",
            *leaves(azimuthTime=iso(acq.utc(line_time(acq, line))), line=line),
            vector("pixel", pixels, "{:d}"),
            vector("sigmaNought", BETA_CONSTANT / np.sqrt(np.sin(angle))),
            vector("betaNought", constant),
            vector("gamma", BETA_CONSTANT / np.sqrt(np.tan(angle))),
            vector("dn", constant),
        )
        for line in _lut_lines(acq)
    ]
    return node(
        "calibration",
        header(acq),
        node("calibrationInformation", *leaves(absoluteCalibrationConstant=f"{1:.6e}")),
        listing("calibrationVectorList", vectors),
    )


def noise_power(acq: SimulatedAcquisition, sigma_nought: float = NOISE_SIGMA_NOUGHT) -> float:
    """Power of the thermal noise, constant over the product.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    sigma_nought : float
        That the noise is equivalent to.

    Returns
    -------
    float
        Mean square, digital numbers.
    """
    angle = math.radians(float(swath_incidence(acq, np.array([acq.samples / 2]))[0]))
    return BETA_CONSTANT**2 * sigma_nought / math.sin(angle)


def noise(acq: SimulatedAcquisition, power: float) -> ElementTree.Element:
    """Noise vectors of a constant power.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.
    power : float
        Mean square, digital numbers.

    Returns
    -------
    Element
        The document.
    """
    pixels = lut_pixels(acq)
    old = acq.label.ipf_version < "003"  # when there was no noise along azimuth
    name = "noise" if old else "noiseRange"
    ranges = [
        node(
            f"{name}Vector",
            *leaves(azimuthTime=iso(acq.utc(line_time(acq, line))), line=line),
            vector("pixel", pixels, "{:d}"),
            vector(f"{name}Lut", np.full(len(pixels), power)),
        )
        for line in _lut_lines(acq)
    ]
    if old:
        return node("noise", header(acq), listing(f"{name}VectorList", ranges))
    lines = acq.product_lines
    azimuth_lines = np.append(np.arange(0, lines, 100), lines - 1)
    azimuth = node(
        "noiseAzimuthVector",
        *leaves(
            swath=acq.swath.name,
            firstAzimuthLine=0,
            firstRangeSample=0,
            lastAzimuthLine=lines - 1,
            lastRangeSample=acq.samples - 1,
        ),
        vector("line", azimuth_lines, "{:d}"),
        vector("noiseAzimuthLut", np.ones(len(azimuth_lines))),
    )
    return node(
        "noise", header(acq), listing("noiseRangeVectorList", ranges), listing("noiseAzimuthVectorList", [azimuth])
    )


def _lut_lines(acq: SimulatedAcquisition) -> list[int]:
    return [*range(0, acq.product_lines, acq.lines // 3), acq.product_lines - 1]
