// Everything works without this file; it adds drafts, live news, counters and small conveniences.
(function () {
  'use strict';
  const $ = (s, r) => Array.from((r || document).querySelectorAll(s));
  const en = document.documentElement.lang.startsWith('en');
  const say = (zh, eng) => (en ? eng : zh);

  // Drafts: what is typed survives a closed tab; it goes once the form was sent and accepted.
  $('form[data-draft]').forEach((form) => {
    const key = 'draft:' + form.dataset.draft;
    try {
      const kept = JSON.parse(localStorage.getItem(key) || 'null');
      if (kept && !form.querySelector('.bad')) {
        Object.entries(kept).forEach(([name, value]) => {
          const field = form.elements[name];
          if (field && 'value' in field && !field.value && field.type !== 'hidden') field.value = value;
        });
      }
      form.addEventListener('input', () => {
        const data = {};
        $('textarea,input[type=text]', form).forEach((f) => { if (f.name && f.value) data[f.name] = f.value; });
        localStorage.setItem(key, JSON.stringify(data));
      });
    } catch (e) { /* storage may be closed: then nothing is kept */ }
  });
  $('[data-draft-done]').forEach((n) => { try { localStorage.removeItem('draft:' + n.dataset.draftDone); } catch (e) { /* closed */ } });

  document.addEventListener('submit', (event) => {
    const button = event.target.querySelector('button[type=submit],button:not([type])');
    if (button) setTimeout(() => { button.disabled = true; setTimeout(() => { button.disabled = false; }, 8000); }, 0);
  });
  $('textarea[maxlength]').forEach((area) => {
    const note = document.createElement('p');
    note.className = 'small soft';
    const tell = () => { const left = area.maxLength - area.value.length; note.textContent = left < 200 ? say(`还可以写 ${left} 字`, `${left} characters left`) : ''; };
    area.insertAdjacentElement('afterend', note);
    area.addEventListener('input', tell);
  });
  document.addEventListener('click', (event) => {
    const node = event.target.closest('[data-do]');
    if (!node) return;
    if (node.dataset.do === 'print') window.print();
    if (node.dataset.do === 'copy' && navigator.clipboard) { navigator.clipboard.writeText(node.dataset.text); node.textContent = say('已复制', 'Copied'); }
    if (node.dataset.do === 'read' && window.speechSynthesis) {
      speechSynthesis.cancel();
      const speech = new SpeechSynthesisUtterance(document.querySelector('main').innerText);
      speech.lang = en ? 'en' : 'zh-CN';
      speechSynthesis.speak(speech);
    }
    if (node.dataset.do === 'exit') {
      event.preventDefault();
      try { sessionStorage.clear(); Object.keys(localStorage).filter((k) => k.startsWith('draft:')).forEach((k) => localStorage.removeItem(k)); } catch (e) { /* closed */ }
      window.location.replace(node.getAttribute('href'));
    }
    if (node.dataset.do === 'cookie') {
      document.cookie = `${node.dataset.name}=${node.dataset.value};path=/;max-age=31536000;samesite=lax`;
      window.location.reload();
    }
    if (node.dataset.do === 'help') { const d = document.getElementById('keys'); if (d) d.showModal(); }
  });

  // Live: the message carries ids only; the page fetches itself anew, never while somebody is typing.
  const live = document.body.dataset.live;
  if (live && window.EventSource) {
    const source = new EventSource(live);
    let told = false;
    source.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.kind === 'presence') {
        const node = document.getElementById('presence');
        const others = (message.names || []).filter((n) => n !== document.body.dataset.me);
        if (node) node.textContent = others.length ? say('同时在看：', 'Also here: ') + others.join('、') : '';
        return;
      }
      const typing = document.activeElement && /TEXTAREA|INPUT|SELECT/.test(document.activeElement.tagName) && document.activeElement.value;
      if (!typing && document.body.dataset.calm === undefined) { window.location.reload(); return; }
      if (told) return;
      told = true;
      const bar = document.createElement('p');
      bar.className = 'note'; bar.setAttribute('role', 'status');
      const link = document.createElement('a');
      link.href = window.location.href; link.textContent = say('有新内容，点此更新', 'There is news: refresh');
      bar.append(link);
      document.querySelector('main').prepend(bar);
    };
    source.addEventListener('revoked', () => window.location.reload());
  }

  // The desk by keyboard.
  if (document.querySelector('.desk')) {
    const rows = $('.queue li a.open');
    let at = -1;
    document.addEventListener('keydown', (event) => {
      if (/TEXTAREA|INPUT|SELECT/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) {
        if (event.key === 'Escape') event.target.blur();
        return;
      }
      if (event.key === 'j' || event.key === 'k') {
        at = Math.max(0, Math.min(rows.length - 1, at + (event.key === 'j' ? 1 : -1)));
        if (rows[at]) rows[at].focus();
      } else if (event.key === '/') {
        const find = document.querySelector('input[type=search]');
        if (find) { event.preventDefault(); find.focus(); }
      } else if (event.key === '?') {
        const d = document.getElementById('keys'); if (d) d.showModal();
      } else if ('ram'.includes(event.key)) {
        const target = document.querySelector(`[data-key="${event.key}"]`);
        if (target) { event.preventDefault(); if (target.tagName === 'DETAILS') { target.open = true; const f = target.querySelector('textarea,input:not([type=hidden]),select,button'); if (f) f.focus(); } else { target.focus(); } }
      }
    });
  }
})();
