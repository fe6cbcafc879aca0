// A recording heard and seen: fetched once its purpose is stated, drawn with the caller above and the seat below, played from where one points.
(function () {
  'use strict';
  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
  const law = (code) => {
    const c = code ^ 0x55, segment = (c >> 4) & 7, step = c & 15;
    const size = segment === 0 ? step * 2 + 1 : (step * 2 + 33) << (segment - 1);
    return (c & 0x80 ? size : -size) / 4096;
  };
  const sound = (context, bytes) => {
    let at = 12;
    const view = new DataView(bytes);
    const word = (n) => String.fromCharCode(view.getUint8(n), view.getUint8(n + 1), view.getUint8(n + 2), view.getUint8(n + 3));
    while (at + 8 <= bytes.byteLength && word(at) !== 'data') at += 8 + view.getUint32(at + 4, true);
    const samples = new Uint8Array(bytes, at + 8, Math.min(view.getUint32(at + 4, true), bytes.byteLength - at - 8));
    const frames = Math.floor(samples.length / 2);
    const buffer = context.createBuffer(2, Math.max(1, frames), 8000);
    const sides = [buffer.getChannelData(0), buffer.getChannelData(1)];
    for (let n = 0; n < frames; n += 1) { sides[0][n] = law(samples[2 * n]); sides[1][n] = law(samples[2 * n + 1]); }
    return buffer;
  };
  document.querySelectorAll('form[data-tape]').forEach((form) => {
    const canvas = form.querySelector('canvas'), told = form.querySelector('[data-told]');
    let context, buffer, source, began = 0, place = 0;
    const now = () => Math.min(buffer.duration, source ? place + context.currentTime - began : place);
    const draw = () => {
      const pen = canvas.getContext('2d'), style = getComputedStyle(canvas), half = canvas.height / 2;
      pen.clearRect(0, 0, canvas.width, canvas.height);
      [0, 1].forEach((side) => {
        const data = buffer.getChannelData(side), step = Math.max(1, Math.floor(data.length / canvas.width));
        pen.fillStyle = side ? style.getPropertyValue('--amber') || '#8a5a00' : style.getPropertyValue('--blue') || '#1d4f91';
        for (let x = 0; x < canvas.width; x += 1) {
          let top = 0;
          for (let n = x * step; n < Math.min(data.length, (x + 1) * step); n += 8) top = Math.max(top, Math.abs(data[n]));
          pen.fillRect(x, side * half + (half - top * half) / 2, 1, Math.max(1, top * half));
        }
      });
      pen.fillStyle = style.color;
      pen.fillRect(now() / buffer.duration * canvas.width, 0, 2, canvas.height);
      told.textContent = `${clock(now())} / ${clock(buffer.duration)}`;
      canvas.setAttribute('aria-valuenow', String(Math.round(now())));
      canvas.setAttribute('aria-valuetext', told.textContent);
      if (source) requestAnimationFrame(draw);
    };
    const stop = () => { if (source) { place = now(); const old = source; source = null; old.onended = null; old.stop(); } };
    const play = () => {
      stop();
      if (place >= buffer.duration - 0.05) place = 0;
      source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(context.destination);
      source.onended = () => { place = buffer.duration; source = null; draw(); };
      began = context.currentTime;
      source.start(0, place);
      draw();
    };
    const go = (to) => { const on = !!source; stop(); place = Math.max(0, Math.min(buffer.duration, to)); if (on) play(); else draw(); };
    form.addEventListener('submit', async (event) => {
      if (event.submitter && event.submitter.dataset.export !== undefined) return;
      event.preventDefault();
      if (buffer) { if (source) { stop(); draw(); } else play(); return; }
      context = context || new AudioContext();
      const answer = await fetch(form.action, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) { told.textContent = document.documentElement.lang.startsWith('en') ? 'It cannot be played.' : '不能播放。'; return; }
      buffer = sound(context, await answer.arrayBuffer());
      canvas.hidden = false;
      play();
    });
    canvas.addEventListener('click', (event) => go((event.offsetX / canvas.clientWidth) * buffer.duration));
    canvas.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft') go(now() - 5); else if (event.key === 'ArrowRight') go(now() + 5); else if (event.key === ' ') { if (source) { stop(); draw(); } else play(); } else return;
      event.preventDefault();
    });
  });
})();
