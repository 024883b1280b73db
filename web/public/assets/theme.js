// Runs before the first paint, so that a chosen theme never flashes.
try {
  var t = localStorage.getItem('countersign.theme');
  if (t === 'light' || t === 'dark') document.documentElement.dataset.theme = t;
} catch (_) { /* storage refused: follow the system */ }
