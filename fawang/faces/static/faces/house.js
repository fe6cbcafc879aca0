// Everything works without this file; it adds drafts, live news, counters and small conveniences.
(function () {
  'use strict';
  const $ = (s, r) => Array.from((r || document).querySelectorAll(s));
  const en = document.documentElement.lang.startsWith('en');
  const say = (zh, eng) => (en ? eng : zh);

  // Drafts: what is typed survives reload and back; it goes once the form was sent and accepted. The public's drafts live
  // and die with the tab, for computers are shared; the desk's are kept for the account that wrote them.
  const me = document.body.dataset.me;
  const store = () => (me === undefined ? window.sessionStorage : window.localStorage);
  const keyOf = (name) => `draft:${me || ''}:${name}`;
  try { // the server names in a cookie the form it has just accepted: only then the draft is let go
    const done = (document.cookie.match(/(?:^|; )done=([\w-]+)/) || [])[1];
    const sent = done && sessionStorage.getItem(`sent:${done}`);
    if (sent) { store().removeItem(sent); sessionStorage.removeItem(`sent:${done}`); }
  } catch (e) { /* closed */ }
  $('form[data-draft]').forEach((form) => {
    const key = keyOf(form.dataset.draft);
    form.addEventListener('submit', () => {
      try { sessionStorage.setItem(`sent:${form.elements._key.value}`, key); } catch (e) { /* closed */ }
    });
    try {
      const kept = JSON.parse(store().getItem(key) || 'null');
      if (kept && !form.querySelector('.bad')) {
        Object.entries(kept).forEach(([name, value]) => {
          const field = form.elements[name];
          if (field && 'value' in field && !field.value && field.type !== 'hidden') field.value = value;
        });
      }
      form.addEventListener('input', () => {
        const data = {};
        $('textarea,select,input[type=text]', form).forEach((f) => { if (f.name && f.value) data[f.name] = f.value; });
        store().setItem(key, JSON.stringify(data));
      });
    } catch (e) { /* storage may be closed: then nothing is kept */ }
  });

  // A long form, one part a page: the browser's own back button goes one part back, errors bring their part to the front.
  $('form[data-steps]').forEach((form) => {
    const parts = $('.part', form);
    const marks = $('.steps li', form);
    const turns = $('[data-turn]', form);
    let at = 0;
    const show = (next, focus) => {
      at = Math.max(0, Math.min(parts.length - 1, next));
      parts.forEach((part, n) => { part.hidden = n !== at; });
      marks.forEach((mark, n) => { mark.classList.toggle('done', n < at); if (n === at) mark.setAttribute('aria-current', 'step'); else mark.removeAttribute('aria-current'); });
      form.querySelector('.send').hidden = at < parts.length - 1;
      turns[0].hidden = at === parts.length - 1;
      turns[1].hidden = at === 0;
      if (focus) { parts[at].querySelector('h2').focus(); window.scrollTo(0, form.offsetTop - 120); }
    };
    const sound = () => $('input,select,textarea', parts[at]).every((f) => f.reportValidity());
    form.classList.add('stepped');
    form.querySelector('.steps').hidden = false;
    form.querySelector('.turn').hidden = false;
    turns.forEach((button) => button.addEventListener('click', () => {
      if (button.dataset.turn === '-1') { history.back(); return; }
      if (!sound()) return;
      history.pushState({ part: at + 1 }, '');
      show(at + 1, true);
    }));
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target.tagName === 'INPUT' && at < parts.length - 1) { event.preventDefault(); turns[0].click(); }
    });
    window.addEventListener('popstate', (event) => show((event.state && event.state.part) || 0, true));
    show((history.state && history.state.part) || 0, false);
  });

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
    if (node.dataset.do === 'copy' && navigator.clipboard) {
      navigator.clipboard.writeText(node.dataset.text);
      (node.querySelector('span') || node).textContent = say('已复制', 'Copied');
    }
    if (node.dataset.do === 'back' && history.length > 1) { event.preventDefault(); history.back(); }
    if (node.dataset.do === 'read' && window.speechSynthesis) {
      const word = node.querySelector('span');
      const stopped = () => { word.textContent = say('读给我听', 'Read aloud'); };
      if (speechSynthesis.speaking) { speechSynthesis.cancel(); stopped(); return; }
      const speech = new SpeechSynthesisUtterance(document.querySelector('main').innerText);
      speech.lang = en ? 'en' : 'zh-CN';
      speech.rate = 0.9;
      speech.onend = stopped;
      speechSynthesis.speak(speech);
      word.textContent = say('停止朗读', 'Stop reading');
    }
    if (node.dataset.do === 'exit') {
      event.preventDefault();
      try { sessionStorage.clear(); } catch (e) { /* closed */ }
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
    let again;
    source.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.kind === 'presence') {
        const node = document.getElementById('presence');
        const others = (message.names || []).filter((n) => n !== document.body.dataset.me);
        if (node) node.textContent = others.length ? say('同时在看：', 'Also here: ') + others.join('、') : '';
        return;
      }
      if (document.body.dataset.seat !== undefined) { document.dispatchEvent(new CustomEvent('news')); return; } // the seat draws itself
      const field = document.activeElement;
      const busy = (field && /TEXTAREA|INPUT|SELECT/.test(field.tagName) && field.value) || document.querySelector('dialog[open], :popover-open, .queue :checked');
      if (!busy && document.body.dataset.calm === undefined) {
        clearTimeout(again);
        again = setTimeout(() => window.location.reload(), Math.max(0, 4000 - performance.now())); // a busy office: once in four seconds
        return;
      }
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
})();
