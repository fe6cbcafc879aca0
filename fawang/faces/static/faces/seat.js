// The seat: every field saved while one talks, a sign of life, the page drawn anew when the call changes and nobody is typing.
(function () {
  'use strict';
  const en = document.documentElement.lang.startsWith('en');
  const token = () => (document.querySelector('input[name=csrfmiddlewaretoken]') || {}).value || '';
  const send = (url, pairs) => fetch(url, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams([['csrfmiddlewaretoken', token()], ...pairs]) });

  const form = document.querySelector('form[data-autosave]');
  if (form) {
    const told = form.querySelector('[data-saved]');
    const timers = {};
    let turn = Promise.resolve();
    const save = (name) => {
      const many = form.querySelectorAll(`input[type=checkbox][name="${name}"]`).length > 1;
      const values = many ? Array.from(form.querySelectorAll(`[name="${name}"]:checked`)).map((n) => n.value) : [new FormData(form).get(name) || ''];
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
    form.querySelectorAll('input[name=nature]').forEach((radio) => radio.addEventListener('change', () => {
      clearTimeout(timers.nature);
      save('nature');
      turn.then(() => window.location.reload());
    }));
  }

  const kind = document.querySelector('select[name=kind]');
  const target = document.querySelector('select[name=target]');
  if (kind && target) target.addEventListener('change', () => { kind.value = target.selectedOptions[0].dataset.kind; });

  if (document.body.dataset.seat && document.body.dataset.seat !== 'offline') {
    const beat = () => send('/desk/hotline/beat', []).then((answer) => answer.json().then((body) => {
      const typing = /TEXTAREA|INPUT|SELECT/.test(document.activeElement.tagName);
      if (answer.ok && String(body.version) !== document.body.dataset.seatVersion && !typing) window.location.reload();
    })).catch(() => {});
    setInterval(beat, 5000);
  }
})();
