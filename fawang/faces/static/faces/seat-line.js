// The voice of a browser seat: a WebSocket to the gateway, one WebRTC peer while there is a call, and words for whatever goes wrong.
(function () {
  'use strict';
  const bar = document.getElementById('line');
  if (!bar || bar.dataset.line !== 'browser') return;
  const $ = (s) => bar.querySelector(s);
  const en = document.documentElement.lang.startsWith('en');
  const say = (zh, eng) => (en ? eng : zh);
  const token = () => (document.querySelector('input[name=csrfmiddlewaretoken]') || {}).value || '';
  const tab = sessionStorage.getItem('seat-tab') || crypto.randomUUID();
  sessionStorage.setItem('seat-tab', tab);
  const voice = $('[data-voice]');
  let socket = null;
  let peer = null;
  let mic = null;
  let call = '';
  let wanted = true;
  let tries = 0;
  let redo = 0;
  let up = null;

  const show = (lamp, words) => { $('[data-lamp]').dataset.lamp = lamp; $('[data-line-words]').textContent = words; };
  const offer = (name, on) => { $(`[data-line="${name}"]`).hidden = !on; };
  const tell = (message) => { if (socket && socket.readyState === 1) socket.send(JSON.stringify(message)); };
  const news = () => document.dispatchEvent(new CustomEvent('news'));
  const ready = () => show('on', say('语音线路就绪', 'The voice line is ready'));

  // -- the line --
  const connect = (takeOver) => {
    wanted = true;
    offer('take', false);
    fetch('/desk/hotline/line', { method: 'POST', credentials: 'same-origin', body: new URLSearchParams([['csrfmiddlewaretoken', token()]]) })
      .then((answer) => { if (!answer.ok || answer.redirected) throw Object.assign(new Error(), { gone: answer.redirected || answer.status === 403 }); return answer.json(); })
      .then((pass) => {
        socket = new WebSocket(pass.url);
        const mine = socket;
        mine.onopen = () => tell({ kind: 'hello', pass: pass.pass, tab, take_over: takeOver === true });
        mine.onmessage = (event) => { if (mine === socket) HEAR[JSON.parse(event.data).kind]?.(JSON.parse(event.data)); };
        mine.onclose = () => { if (mine === socket) lost(); };
      })
      .catch((error) => { if (error.gone) { wanted = false; show('bad', say('登录已失效，请重新登录', 'Please sign in again')); } else lost(); });
  };
  const lost = () => {
    socket = null;
    closeSound();
    if (!wanted) return;
    tries += 1;
    show('wait', call ? say('语音断开，正在接回通话…', 'Reconnecting your call …') : say('语音线路断开，正在重连…', 'Reconnecting …'));
    setTimeout(() => connect(false), Math.min(call ? 800 : 3000, 250 * tries));
  };

  const HEAR = {
    on: (m) => {
      tries = 0;
      if (m.state) { call = m.state; openSound(); } else { call = ''; ready(); }
      if (m.state === 'ringing') ringing(m);
      if (m.state === 'talking') talking(m);
    },
    refused: (m) => {
      wanted = m.code === 'hotline.line_database';
      show('bad', en ? m.en : m.zh);
      offer('take', m.code === 'hotline.other_tab');
    },
    dismissed: (m) => {
      if (m.why === 'restart') return;
      wanted = false;
      call = '';
      closeSound();
      stopRing();
      show('bad', m.why === 'taken' ? say('通话已改到另一个窗口', 'Your other window has the call now') : say('已离开坐席', 'You have left the seat'));
      offer('take', m.why === 'taken');
    },
    ring: (m) => { call = 'ringing'; openSound(); ringing(m); news(); },
    talking: (m) => { call = 'talking'; stopRing(); talking(m); news(); },
    over: () => { call = ''; stopRing(); closeSound(); offer('hang_up', false); ready(); $('[data-quality]').textContent = ''; news(); setTimeout(news, 700); },
    answer: (m) => { if (peer) peer.setRemoteDescription({ type: 'answer', sdp: m.sdp }).catch(again); },
    no_sound: () => show('bad', say('浏览器的声音格式不能用，请换新版 Chrome 或 Edge', 'This browser offers no usable sound; use a recent Chrome or Edge')),
    sound_lost: () => again(),
    quality: (m) => { up = m; },
  };
  const ringing = (m) => {
    const dialled = Date.now() - Number(sessionStorage.getItem('seat-dials') || 0) < 30000;
    if (m.act || dialled) { sessionStorage.removeItem('seat-dials'); tell({ kind: 'answer' }); return; } // one asked for it oneself
    show('wait', say('来电振铃', 'Ringing'));
    startRing();
  };
  const ACTS = { listen: say('正在旁听', 'Listening'), whisper: say('正在耳语', 'Whispering'), barge: say('已强插', 'In the call'), takeover: say('已接管', 'Taken over') };
  const talking = (m) => { show('on', ACTS[m.act] || say('通话中', 'In a call')); offer('hang_up', m.act in ACTS); };

  // -- sound --
  const plain = $('[data-plain]');
  plain.checked = localStorage.getItem('seat-plain') === '1';
  plain.addEventListener('change', () => localStorage.setItem('seat-plain', plain.checked ? '1' : '0'));
  const microphone = () => {
    if (!navigator.mediaDevices) return Promise.reject(new DOMException('', 'SecurityError'));
    return navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: !plain.checked, noiseSuppression: !plain.checked, autoGainControl: !plain.checked } });
  };
  const why = (error) => ({
    NotAllowedError: say('浏览器没有允许使用麦克风：点地址栏左边的图标，允许麦克风', 'The microphone is not allowed: allow it beside the address bar'),
    NotFoundError: say('没有找到麦克风，请接好耳麦', 'No microphone was found'),
    NotReadableError: say('麦克风被别的程序占用', 'Another program uses the microphone'),
    SecurityError: say('须用 https 或本机地址打开本页，浏览器才允许用麦克风', 'The microphone needs https or this machine’s own address'),
  }[error.name] || say('麦克风打不开', 'The microphone does not open'));
  const mute = () => {
    const part = document.querySelector('[data-part="call"]');
    const muted = part && part.dataset.muted === '1';
    if (mic) mic.getAudioTracks().forEach((t) => { t.enabled = !muted; });
  };
  document.addEventListener('drawn', mute);

  const openSound = async () => {
    closeSound();
    const made = new RTCPeerConnection({ iceServers: [] });
    peer = made;
    try {
      const sound = await microphone();
      if (peer !== made) { sound.getTracks().forEach((t) => t.stop()); return; }
      mic = sound;
      mute();
      sound.getTracks().forEach((t) => made.addTrack(t, sound));
    } catch (error) {
      show('bad', why(error));
      if (peer === made) { closeSound(); redo = setTimeout(() => { if (call) openSound(); }, 3000); }
      return;
    }
    made.ontrack = (event) => { voice.srcObject = new MediaStream([event.track]); voice.play().catch(() => {}); };
    made.onconnectionstatechange = () => {
      if (peer !== made) return;
      if (made.connectionState === 'failed') again();
      if (made.connectionState === 'disconnected') { clearTimeout(redo); redo = setTimeout(() => { if (peer === made && made.connectionState !== 'connected') again(); }, 2000); }
    };
    await made.setLocalDescription(await made.createOffer());
    await new Promise((done) => {
      setTimeout(done, 1000);
      made.onicegatheringstatechange = () => { if (made.iceGatheringState === 'complete') done(); };
      if (made.iceGatheringState === 'complete') done();
    });
    if (peer === made) tell({ kind: 'offer', sdp: made.localDescription.sdp });
  };
  const closeSound = () => {
    clearTimeout(redo);
    if (peer) { peer.onconnectionstatechange = null; peer.close(); }
    if (mic) mic.getTracks().forEach((t) => t.stop());
    peer = mic = null;
    voice.srcObject = null;
  };
  const again = () => { clearTimeout(redo); redo = setTimeout(() => { if (call && socket) openSound(); }, 300); };

  // -- quality: what the browser measures of the way down, what the gateway measures of the way up --
  let before = null;
  setInterval(async () => {
    const now = peer;
    if (!now || call !== 'talking' || now.connectionState !== 'connected') return;
    let loss = 0; let jitter = 0; let trip = 0;
    (await now.getStats()).forEach((s) => {
      if (s.type === 'inbound-rtp') {
        const seen = before && before.id === s.id ? before : { packetsLost: 0, packetsReceived: 0 };
        const lostNow = Math.max(0, s.packetsLost - seen.packetsLost);
        loss = lostNow / Math.max(1, lostNow + s.packetsReceived - seen.packetsReceived);
        jitter = (s.jitter || 0) * 1000;
        before = s;
      }
      if (s.type === 'candidate-pair' && s.nominated) trip = (s.currentRoundTripTime || 0) * 1000;
    });
    const worst = Math.max(loss, up ? up.loss : 0);
    const uneven = Math.max(jitter, up ? up.jitter_ms : 0);
    const grade = worst < 0.02 && uneven < 40 && trip < 250 ? 0 : worst < 0.06 && uneven < 100 && trip < 500 ? 1 : 2;
    const node = $('[data-quality]');
    node.textContent = [say('网络良好', 'Network good'), say('网络一般', 'Network fair'), say('网络差，对方可能听不清', 'Network poor')][grade];
    node.title = say(`丢包 ${(worst * 100).toFixed(1)}%，抖动 ${uneven.toFixed(0)} 毫秒，往返 ${trip.toFixed(0)} 毫秒`, `loss ${(worst * 100).toFixed(1)}%, jitter ${uneven.toFixed(0)} ms, round trip ${trip.toFixed(0)} ms`);
    $('[data-lamp]').dataset.lamp = ['on', 'wait', 'bad'][grade];
  }, 2000);

  // -- ringing: the tone of a Chinese telephone, 450 Hz, one second on, four off --
  let tone = null;
  const startRing = () => {
    stopRing();
    const title = document.title;
    const context = new AudioContext();
    const ring = () => {
      const node = context.createOscillator(); const gain = context.createGain();
      node.frequency.value = 450; gain.gain.value = 0.15;
      node.connect(gain).connect(context.destination);
      node.start(); node.stop(context.currentTime + 1);
      document.title = document.title === title ? say('☎ 来电', '☎ Call') : title;
    };
    ring();
    tone = { stop: () => { clearInterval(tone.timer); document.title = title; context.close(); }, timer: setInterval(ring, 5000) };
  };
  const stopRing = () => { if (tone) { tone.stop(); tone = null; } };

  document.addEventListener('click', (event) => {
    const node = event.target.closest('[data-line]');
    if (!node || node === bar) return;
    const what = node.dataset.line;
    if (what === 'take') connect(true);
    if (what === 'hang_up') tell({ kind: 'hang_up' });
    if (what === 'answer') {
      if (!mic) { openSound(); return; } // without a microphone nobody would be heard; the words say what to do
      stopRing();
      tell({ kind: 'answer' });
    }
  });
  document.addEventListener('submit', (event) => { if (/sign_off|do\/line/.test(event.target.action)) { wanted = false; tell({ kind: 'bye' }); } });
  window.addEventListener('beforeunload', (event) => { if (call === 'talking') event.preventDefault(); });

  // -- the headset --
  const check = $('.check');
  let test = null;
  const stopTest = () => { if (test) { test.stop(); test = null; } };
  check.addEventListener('toggle', async () => {
    stopTest();
    const words = $('[data-level-words]');
    words.textContent = '';
    if (!check.open) return;
    try {
      const sound = await microphone();
      const context = new AudioContext();
      const source = context.createMediaStreamSource(sound);
      const look = context.createAnalyser();
      const delay = context.createDelay(2); const gain = context.createGain();
      delay.delayTime.value = 1; gain.gain.value = 0;
      source.connect(look);
      source.connect(delay).connect(gain).connect(context.destination);
      const wave = new Float32Array(look.fftSize);
      const timer = setInterval(() => {
        look.getFloatTimeDomainData(wave);
        const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
        $('[data-level]').value = Math.min(1, level * 3);
        if (level > 0.01) words.textContent = say('麦克风有声音', 'The microphone works');
        gain.gain.value = $('[data-loop]').checked ? 1 : 0;
      }, 100);
      test = { stop: () => { clearInterval(timer); sound.getTracks().forEach((t) => t.stop()); context.close(); } };
    } catch (error) { words.textContent = why(error); }
  });

  connect(false);
})();
