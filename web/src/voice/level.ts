/** How loud a track is right now. */

/** Below this many dB a meter shows nothing; at 0 dBFS it is full. */
const FLOOR_DB = -55;

export interface Level {
  /** 0 (silence) to 1 (full scale), on a scale that follows the ear. */
  read(): number;
  close(): void;
}

export const SILENCE: Level = { read: () => 0, close: () => undefined };

/** Listens beside the track without changing it. */
export function measureLevel(context: AudioContext, track: MediaStreamTrack): Level {
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      return loudness(samples);
    },
    close: () => source.disconnect(),
  };
}

/** RMS of samples in -1…1, as a share of the way from the floor to full scale. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}
