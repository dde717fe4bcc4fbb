/* LOS rate and its error of each track, for the value under the pointer. */
sarslide.values = function (data) {
  /* Base64 of zlib of 16-bit steps, low bytes before high bytes (report/map_values.py). */
  function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), function (letter) { return letter.charCodeAt(0); });
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(plain).arrayBuffer().then(function (buffer) {
      const parts = new Uint8Array(buffer), steps = new Int16Array(parts.length / 2);
      for (let k = 0; k < steps.length; k++) steps[k] = parts[k] | (parts[k + steps.length] << 8);
      return steps;
    });
  }

  const grids = {};
  function open(one) {
    const packed = one.file ? sarslide.load(one.file) : Promise.resolve(one.packed);
    packed.then(unpack).then(function (steps) { grids[one.track] = steps; }, function () { grids[one.track] = null; });
  }
  let asked = false;
  /* Of a place in map coordinates [{track, rate, error}], mm/yr; null where unknown. Empty until the numbers are there. */
  return function (x, y) {
    if (!asked) { asked = true; data.values.forEach(open); }
    return data.values.filter(function (one) { return grids[one.track]; }).map(function (one) {
      const col = Math.floor(x / data.width * one.cols), row = Math.floor((1 - y / data.height) * one.rows);
      const inside = col >= 0 && col < one.cols && row >= 0 && row < one.rows;
      const value = function (plane) {
        const steps = grids[one.track][(plane * one.rows + row) * one.cols + col];
        return inside && steps !== one.unknown ? steps * one.step : null;
      };
      return { track: one.track, rate: value(0), error: value(1) };
    });
  };
};
