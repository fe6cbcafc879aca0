// A row more or less in an edition's form, without leaving the page: the same answer a plain submit gets, drawn in place of the form.
(function () {
  'use strict';
  const form = () => document.querySelector('form[data-parts]');
  if (!form()) return;
  document.addEventListener('submit', (event) => {
    const by = event.submitter;
    const old = form();
    if (event.target !== old || !by || by.name !== '_act') return;
    event.preventDefault();
    const open = new Set(Array.from(old.querySelectorAll('details[open][data-name]'), (d) => d.dataset.name));
    const before = new Set(Array.from(old.querySelectorAll('[data-row]'), (r) => r.dataset.row));
    fetch(old.action, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams(new FormData(old, by)) }).then((answer) => answer.text()).then((html) => {
      const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('form[data-parts]');
      if (!fresh) throw new Error('no form');
      fresh.querySelectorAll('details[data-name]').forEach((d) => { d.open = open.has(d.dataset.name); });
      const node = document.importNode(fresh, true);
      old.replaceWith(node);
      const row = Array.from(node.querySelectorAll('[data-row]')).find((r) => !before.has(r.dataset.row));
      const next = row ? row.querySelector('input:not([type=hidden]), select, textarea') : node.querySelector(`[name="_act"][value="add:${by.value.slice(5).replace(/\.\d+$/, '')}"]`);
      if (next) { next.focus(); next.scrollIntoView({ block: 'center' }); }
    }).catch(() => { // let the browser do it the plain way
      const said = Object.assign(document.createElement('input'), { type: 'hidden', name: '_act', value: by.value });
      old.append(said);
      old.submit();
    });
  });
})();
