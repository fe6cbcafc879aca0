// The library beside an answer: finds and checks while one types. Without this file the same buttons do the same by sending the form.
(function () {
  'use strict';
  const form = document.getElementById('f-answer');
  const panel = document.getElementById('library');
  if (!form || !panel || !window.fetch) return;
  const en = document.documentElement.lang.startsWith('en');
  const at = form.dataset.library;
  const body = form.elements.body;
  const basis = form.elements.citations;
  const find = document.getElementById('library-find');
  const said = document.getElementById('library-said');
  const stops = {};

  const part = (name, target, more) => {
    if (stops[name]) stops[name].abort();
    stops[name] = new AbortController();
    const data = new FormData(form);
    data.delete('do');
    Object.entries(more || {}).forEach(([key, value]) => data.set(key, value));
    return fetch(`${at}/${name}`, { method: 'POST', body: data, signal: stops[name].signal, credentials: 'same-origin' })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((html) => { document.getElementById(target).innerHTML = html; })
      .catch((error) => { if (error.name !== 'AbortError') said.textContent = en ? 'The library did not answer; what you typed is kept.' : '法律库没有回应，您写的内容都还在。'; });
  };
  const later = (wait, act) => { let timer = 0; return () => { clearTimeout(timer); timer = setTimeout(act, wait); }; };

  // What is being written now, from the last full stop to the cursor: a hint for the library while its own box is empty.
  const sentence = () => {
    const before = body.value.slice(0, body.selectionStart);
    const parts = before.split(/[。！？!?\n]/);
    return (parts[parts.length - 1].length >= 6 ? parts[parts.length - 1] : parts.slice(-2).join('')).trim().slice(-120);
  };
  const check = later(700, () => part('checked', 'library-warned'));
  const look = later(300, () => part('found', 'library-found'));
  const hint = later(1500, () => { const words = sentence(); if (!find.value.trim() && words.length >= 6) part('found', 'library-found', { find: words }); });
  find.addEventListener('input', look);
  find.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') { event.preventDefault(); part('found', 'library-found'); }
  });
  [body, basis, form.elements.law_day].forEach((field) => field && field.addEventListener('input', check));
  body.addEventListener('input', hint);
  if (form.elements.law_day) form.elements.law_day.addEventListener('change', look);

  let last = body;
  [body, basis].forEach((field) => field.addEventListener('focus', () => { last = field; }));
  const put = (field, text) => {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const listed = (citation) => basis.value.split(/\n/).some((line) => line.trim() === citation);
  const list = (citation) => {
    if (listed(citation)) return;
    basis.value = basis.value.trim() ? `${basis.value.replace(/\s+$/, '')}\n${citation}` : citation;
    basis.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const used = (ref) => {
    if (!ref) return;
    const mark = document.createElement('input');
    mark.type = 'hidden'; mark.name = '_used'; mark.value = ref;
    form.append(mark);
  };
  panel.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.cite) {
      event.preventDefault();
      if (last === body) put(body, button.dataset.cite);
      list(button.dataset.cite);
      said.textContent = (en ? 'Cited: ' : '已插入：') + button.dataset.cite;
    } else if (button.dataset.passage) {
      event.preventDefault();
      put(body, button.dataset.passage);
      said.textContent = en ? 'Inserted.' : '已插入。';
    } else if (button.dataset.part) {
      event.preventDefault();
      said.textContent = en ? 'Please wait …' : '请稍候……';
      button.disabled = true;
      part(button.dataset.part, `library-${button.dataset.part}`).then(() => { said.textContent = ''; button.disabled = false; });
      return;
    } else if (button.value === 'find') {
      event.preventDefault();
      part('found', 'library-found');
      return;
    } else {
      return;
    }
    used(button.dataset.used);
    if (panel.matches(':popover-open')) panel.hidePopover();
    last.focus();
  });
})();
