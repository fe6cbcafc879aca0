// The desk by keyboard, and time limits that stay true while a page is open.
(function () {
  'use strict';
  const en = document.documentElement.lang.startsWith('en');
  const typing = (node) => /TEXTAREA|INPUT|SELECT/.test(node.tagName) && !/checkbox|radio/.test(node.type);
  const rows = Array.from(document.querySelectorAll('.queue a.open, .mini a.open'));
  let at = rows.findIndex((row) => row.hasAttribute('aria-current'));
  const help = () => { const d = document.getElementById('keys'); if (d && !d.open) d.showModal(); };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    if (typing(event.target)) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    if (event.key === 'j' || event.key === 'k') {
      at = Math.max(0, Math.min(rows.length - 1, at + (event.key === 'j' ? 1 : -1)));
      if (rows[at]) rows[at].focus();
    } else if (event.key === 'x') {
      const row = document.activeElement.closest('.queue li');
      const tick = row && row.querySelector('input[type=checkbox]');
      if (tick) tick.checked = !tick.checked;
    } else if (event.key === '/') {
      const find = document.querySelector('input[type=search]');
      event.preventDefault();
      if (find) find.focus(); else window.location.href = '/desk/search';
    } else if (event.key === 'g') {
      window.location.href = '/desk/';
    } else if (event.key === '?') {
      help();
    } else if (['r', 'a', 'm'].includes(event.key)) {
      const target = document.querySelector(`[data-key="${event.key}"]`);
      if (!target) return;
      event.preventDefault();
      target.open = true;
      const field = target.querySelector('textarea,select,input:not([type=hidden]),button') || target.querySelector('summary');
      field.focus();
      field.scrollIntoView({ block: 'center' });
    }
  });

  // The same words as the server's, counted again every minute; what changes the light comes with the page.
  const words = (due, now) => {
    const late = due < now;
    const minutes = Math.floor(Math.abs(due - now) / 60000);
    const d = Math.floor(minutes / 1440);
    const h = Math.floor((minutes % 1440) / 60);
    const m = minutes % 60;
    if (en) return (d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : `${m} min`) + (late ? ' overdue' : ' left');
    return (late ? '已超期' : '还有') + (d && h ? `${d}天${h}小时` : d ? `${d}天` : h ? `${h}小时${m}分` : `${m}分钟`);
  };
  setInterval(() => {
    if (typing(document.activeElement)) return;
    document.querySelectorAll('time[data-left]').forEach((node) => { node.textContent = words(new Date(node.dateTime), new Date()); });
  }, 60000);
})();
