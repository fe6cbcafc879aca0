// Suggestions while typing. Without this file the same form finds the same things.
(function () {
  'use strict';
  const en = document.documentElement.lang.startsWith('en');
  document.querySelectorAll('[data-suggest]').forEach((field) => {
    const list = document.createElement('ul');
    list.className = 'suggestions';
    list.hidden = true;
    const told = document.createElement('p');
    told.className = 'vh';
    told.setAttribute('role', 'status');
    field.form.append(told, list);
    let wait = 0;
    let asked = '';
    let stop = null;
    const shut = () => { list.hidden = true; list.replaceChildren(); };
    const show = (rows, text) => {
      list.replaceChildren(...rows.map((row) => {
        const item = document.createElement('li');
        const link = document.createElement('a');
        link.href = row.url;
        const group = document.createElement('span');
        group.className = 'soft small';
        group.textContent = row.group;
        const title = document.createElement('b');
        title.textContent = row.title;
        link.append(group, title);
        item.append(link);
        return item;
      }));
      if (rows.length) {
        const item = document.createElement('li');
        const link = document.createElement('a');
        link.href = '/ask?q=' + encodeURIComponent(text);
        link.className = 'lawyer';
        link.textContent = en ? 'Ask a lawyer about this' : '直接问律师';
        item.append(link);
        list.append(item);
      }
      list.hidden = !rows.length;
      told.textContent = rows.length ? (en ? `${rows.length} suggestions below` : `下面有${rows.length}条建议`) : '';
    };
    field.addEventListener('input', () => {
      clearTimeout(wait);
      const text = field.value.trim();
      if (text.length < 2) { shut(); asked = ''; return; }
      wait = setTimeout(() => {
        if (text === asked) return;
        asked = text;
        if (stop) stop.abort();
        stop = new AbortController();
        fetch('/search/suggest?q=' + encodeURIComponent(text.slice(0, 400)), { signal: stop.signal, credentials: 'omit' })
          .then((answer) => (answer.ok ? answer.json() : { results: [] }))
          .then((body) => { if (asked === text) show(body.results, text); })
          .catch(() => {});
      }, 250);
    });
    field.form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { shut(); field.focus(); return; }
      if (list.hidden || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
      const links = Array.from(list.querySelectorAll('a'));
      const at = links.indexOf(document.activeElement);
      if (field.tagName === 'TEXTAREA' && at < 0 && event.key === 'ArrowUp') return;
      event.preventDefault();
      const next = at + (event.key === 'ArrowDown' ? 1 : -1);
      (next < 0 ? field : links[Math.min(next, links.length - 1)]).focus();
    });
  });
})();
