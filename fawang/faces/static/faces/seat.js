// The seat: fields saved while one talks; what changed is drawn into the page, which is never left during a call, so that the voice goes on.
(function () {
  'use strict';
  const $ = (s, r) => Array.from((r || document).querySelectorAll(s));
  const en = document.documentElement.lang.startsWith('en');
  const token = () => (document.querySelector('input[name=csrfmiddlewaretoken]') || {}).value || '';
  const send = (url, pairs) => fetch(url, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams([['csrfmiddlewaretoken', token()], ...pairs]) });
  const live = document.body.dataset.seat !== undefined && document.body.dataset.seat !== 'offline';

  // -- fields --
  const follow = (form) => {
    if (!form || form.dataset.followed) return;
    form.dataset.followed = '1';
    const told = form.querySelector('[data-saved]');
    const timers = {};
    let turn = Promise.resolve();
    const save = (name) => {
      const many = form.querySelectorAll(`input[type=checkbox][name="${name}"]`).length > 1;
      const values = many ? $(`[name="${name}"]:checked`, form).map((n) => n.value) : [new FormData(form).get(name) || ''];
      let held = form.querySelector(`[data-version="${name}"]`);
      if (!held) { held = document.createElement('input'); held.type = 'hidden'; held.dataset.version = name; held.value = '0'; form.append(held); }
      turn = turn.then(() => send(form.dataset.autosave, [['field', name], ['version', held.value], ['many', many ? '1' : '0'], ...values.map((v) => ['value', v])]))
        .then((answer) => answer.json().then((body) => {
          if (answer.ok) { held.value = body.version; told.textContent = en ? 'Saved' : '已保存'; } else { told.textContent = body.error; }
        })).catch(() => { told.textContent = en ? 'Not saved: no connection. It is kept on this page.' : '没连上，还没存；内容留在本页，会再试。'; timers[name] = setTimeout(() => save(name), 3000); });
    };
    form.addEventListener('input', (event) => {
      const name = event.target.name;
      if (!name || event.target.type === 'hidden') return;
      clearTimeout(timers[name]);
      timers[name] = setTimeout(() => save(name), 500);
    });
    $('input[name=nature]', form).forEach((radio) => radio.addEventListener('change', () => {
      clearTimeout(timers.nature);
      save('nature');
      turn.then(() => (live ? fetchPage() : window.location.reload()));
    }));
  };

  // -- drawing --
  const plain = (node) => node.outerHTML.replace(/name="(_key|csrfmiddlewaretoken)" value="[^"]*"/g, '').replace(/ (open|disabled)=""/g, '');
  const drawn = new Map();
  const keep = (from, to) => { // what somebody is in the middle of outlives a drawing
    $('details[open]', from).forEach((d) => { const same = to.querySelector(`details[data-name="${d.dataset.name}"]`); if (same) same.open = true; });
    $('input:not([type=hidden]):not([type=radio]):not([type=checkbox]),select', from).forEach((f) => {
      const same = f.name && to.querySelector(`[name="${f.name}"]:not([type=hidden])`);
      if (same && f.value && same.tagName === f.tagName) same.value = f.value;
    });
    const at = document.activeElement;
    if (!from.contains(at)) return () => {};
    const key = at.dataset.hotkey ? `[data-hotkey="${at.dataset.hotkey}"]` : at.name ? `[name="${at.name}"]` : null;
    const same = key && to.querySelector(key);
    return () => { if (same) same.focus(); };
  };
  const draw = (html, forced) => {
    const fresh = new DOMParser().parseFromString(html, 'text/html');
    if (!fresh.body.dataset.seat && !fresh.querySelector('[data-part]')) return;
    if (fresh.body.dataset.seat === 'offline') { window.location.href = '/desk/hotline/'; return; }
    if (fresh.body.dataset.seat) { document.body.dataset.seat = fresh.body.dataset.seat; document.body.dataset.seatVersion = fresh.body.dataset.seatVersion; }
    $('[data-part]', fresh).forEach((part) => {
      const name = part.dataset.part;
      const now = document.querySelector(`[data-part="${name}"]`);
      if (!now) return;
      const same = name !== forced && (part.dataset.same !== undefined ? part.dataset.same === now.dataset.same : plain(part) === drawn.get(name));
      if (same) return;
      drawn.set(name, plain(part));
      const node = document.importNode(part, true);
      if (now.dataset.same !== undefined && node.dataset.same === undefined) node.dataset.same = now.dataset.same;
      const focus = keep(now, node);
      now.replaceWith(node);
      focus();
    });
    follow(document.querySelector('form[data-autosave]'));
    count();
    document.dispatchEvent(new CustomEvent('drawn'));
  };
  let under = null;
  let again = false;
  const fetchPage = () => {
    if (under) { again = true; return under; }
    under = fetch('/desk/hotline/', { credentials: 'same-origin' }).then((answer) => {
      if (answer.redirected && !answer.url.includes('/desk/hotline/')) { window.location.reload(); return ''; }
      return answer.text();
    }).then((html) => { if (html) draw(html); }).catch(() => {}).finally(() => { under = null; if (again) { again = false; fetchPage(); } });
    return under;
  };

  // -- time --
  const clock = (ms) => { const s = Math.max(0, Math.floor(ms / 1000)); return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`; };
  const count = () => {
    $('time[data-count]').forEach((node) => { node.textContent = (en ? 'left ' : '还有 ') + clock(new Date(node.dateTime) - new Date()); });
    $('time[data-since]').forEach((node) => { node.textContent = clock(new Date() - new Date(node.dateTime)); });
  };

  follow(document.querySelector('form[data-autosave]'));
  if (!live) return;
  $('[data-part]').forEach((part) => drawn.set(part.dataset.part, plain(part)));
  count();
  setInterval(count, 1000);
  document.addEventListener('news', fetchPage);

  // -- doing: one thing after another, in the order it was asked for --
  let doing = Promise.resolve();
  document.addEventListener('submit', (event) => {
    const form = event.target;
    const here = form.closest('[data-part]');
    if (!here || form.dataset.full !== undefined) return;
    event.preventDefault();
    const by = event.submitter;
    const data = new URLSearchParams(new FormData(form, by));
    data.set('_key', crypto.randomUUID());
    if (form.dataset.dials !== undefined) sessionStorage.setItem('seat-dials', String(Date.now()));
    const url = (by && by.getAttribute('formaction')) || form.getAttribute('action');
    doing = doing.then(() => fetch(url, { method: 'POST', credentials: 'same-origin', body: data })).then((answer) => answer.text()).then((html) => {
      draw(html, here.dataset.part === 'ticket' ? 'ticket' : '');
    }).catch(() => {
      const told = document.querySelector('[data-part="told"]');
      const note = document.createElement('p');
      note.className = 'note red'; note.setAttribute('role', 'alert');
      note.textContent = en ? 'No connection: nothing was done. Try again.' : '没连上服务器，这一步没有办成，请再按一次。';
      told.replaceChildren(note);
      drawn.set('told', '');
    }).finally(() => setTimeout(() => $('button', form).forEach((b) => { b.disabled = false; }), 50));
  });
  document.addEventListener('click', (event) => {
    const quick = event.target.closest('[data-to]');
    if (!quick) return;
    const select = quick.form.elements.to;
    select.value = quick.dataset.to;
    select.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const letter = (event.code || '').replace(/^Key/, '').toLowerCase();
    const node = $(`[data-hotkey="${letter}"]`).find((n) => !n.hidden && n.offsetParent !== null);
    if (!node) return;
    event.preventDefault();
    node.click();
  });

  const beat = () => send('/desk/hotline/beat', []).then((answer) => answer.json().then((body) => {
    if (answer.ok && String(body.version) !== document.body.dataset.seatVersion) fetchPage();
  })).catch(() => {});
  setInterval(beat, 5000);
})();
