package main

import (
	"math"
	"testing"
)

func near(one, other float64) bool { return math.Abs(one-other) < 1e-6 }

// A stream whose packets come when their sound is over.
type stream struct {
	ear  *Ear
	nowS float64
}

func (one *stream) send(bytes int, afterS float64) {
	one.nowS += afterS
	one.ear.take(bytes, uint32(math.Round(one.nowS*48000)), one.nowS)
}

func (one *stream) speak(packets int) {
	for index := range packets {
		one.send(50+index%20, 0.02)
	}
}

func TestAnAnswerIsOneBurstAndTheRefreshesOfSilenceAreNone(t *testing.T) {
	one := &stream{ear: &Ear{}}
	for index := range 10 {
		one.send(36+index%3, 0.4)
	}
	one.nowS += 0.06 // the next refresh was just before
	beginS := one.nowS + 0.02
	one.speak(50)
	one.nowS += 0.1 // a hole
	one.speak(50)
	endS := one.nowS
	for index := range 10 {
		one.send(36+index%3, 0.4)
	}
	bursts, packets := one.ear.heard()
	if packets != 120 || len(bursts) != 1 {
		t.Fatalf("%d packets, bursts %v", packets, bursts)
	}
	if got := bursts[0]; !near(got.BeganS, beginS) || !near(got.EndedS, endS) || got.Holes != 1 {
		t.Fatalf("%v, want %f to %f with one hole", got, beginS, endS)
	}
}

func TestSilenceThatIsFilledUpIsSilence(t *testing.T) {
	one := &stream{ear: &Ear{}}
	for range 100 {
		one.send(32, 0.02)
	}
	beginS := one.nowS + 0.02
	one.speak(100)
	for range 100 {
		one.send(32, 0.02)
	}
	bursts, _ := one.ear.heard()
	if len(bursts) != 2 || !near(bursts[1].BeganS, beginS) {
		t.Fatalf("%v: the first burst is the silence before its size is known", bursts)
	}
}
