// Runs before the page's own scripts: hears what the page receives and, if asked, speaks in the microphone's place.
// One AudioContext is both clock and sound card, so every moment here is comparable. ScriptProcessor and not a worklet:
// the page's content security policy allows no script but the page's own.
(() => {
  const RATE_HZ = 16000;
  const BLOCK = 512;
  const AUDIBLE = 0.01;
  const blocks = []; // { at: seconds of the clock, rms, samples }
  const kept = []; // nodes that must not be collected
  let context = null;
  let mouth = null;
  let tap = null;

  const open = () => {
    context ??= new AudioContext({ sampleRate: RATE_HZ });
    return context;
  };

  // livekit-client opens several tracks before anybody speaks; like an ear, this hears their sum.
  function ear() {
    if (tap) return tap;
    tap = open().createScriptProcessor(BLOCK, 1, 1);
    tap.onaudioprocess = ({ inputBuffer, playbackTime }) => {
      const samples = inputBuffer.getChannelData(0).slice();
      const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / BLOCK);
      blocks.push({ at: playbackTime - BLOCK / RATE_HZ, rms, samples });
    };
    tap.connect(context.destination);
    return tap;
  }

  function hear(track) {
    const source = open().createMediaStreamSource(new MediaStream([track]));
    source.connect(ear());
    kept.push(source);
  }

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...options) {
      super(...options);
      this.addEventListener("track", ({ track }) => track.kind === "audio" && hear(track));
    }
  };

  const between = (from, until) => blocks.filter(({ at }) => at >= from && at < until);
  const share = (found) => found.filter(({ rms }) => rms > AUDIBLE).length / Math.max(1, found.length);

  window.testSound = {
    now: () => open().currentTime,
    /** True when at least half of the last `seconds`, all of them after `since`, was audible. */
    audible(since, seconds) {
      const end = blocks.at(-1)?.at ?? 0;
      return end - seconds >= since && share(between(end - seconds, end)) >= 0.5;
    },
    /** True when nothing was audible for the last `seconds`, all of them after `since`. */
    silent(since, seconds) {
      const end = blocks.at(-1)?.at ?? 0;
      return end - seconds >= since && share(between(end - seconds, end)) === 0;
    },
    audibleShare: (from, until) => share(between(from, until)),
    /** The end of the last audible block in a span, or null. */
    lastAudible(from, until) {
      const last = between(from, until).findLast(({ rms }) => rms > AUDIBLE);
      return last ? last.at + BLOCK / RATE_HZ : null;
    },
    firstAudible: (from) => blocks.find(({ at, rms }) => at >= from && rms > AUDIBLE)?.at ?? null,
    /** 16-bit samples at 16 kHz, base64. */
    recorded(from) {
      const found = between(from, Infinity);
      const pcm = new Int16Array(found.length * BLOCK);
      found.forEach(({ samples }, i) => samples.forEach((x, j) => (pcm[i * BLOCK + j] = x * 32767)));
      const bytes = new Uint8Array(pcm.buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      return btoa(text);
    },
    /** Makes the microphone this script's own; silent until something is said. */
    takeMicrophone() {
      if (!navigator.mediaDevices) return;
      navigator.mediaDevices.getUserMedia = async () => {
        await open().resume();
        mouth = context.createMediaStreamDestination();
        return mouth.stream;
      };
    },
    /** Says 16-bit samples at 16 kHz; gives the span in which they sound. */
    say(base64) {
      const pcm = new Int16Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
      const buffer = open().createBuffer(1, pcm.length, RATE_HZ);
      buffer.copyToChannel(Float32Array.from(pcm, (x) => x / 32768), 0);
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(mouth);
      const from = context.currentTime + 0.02;
      source.start(from);
      kept.push(source);
      return { from, until: from + buffer.duration };
    },
  };
})();
