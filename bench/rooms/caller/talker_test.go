package main

import (
	"math"
	"testing"
)

func near(one, other float64) bool { return math.Abs(one-other) < 1e-6 }

func TestAnAnswerIsOneBurstAndSilenceNone(t *testing.T) {
	ear := &Ear{}
	nowS := 0.0
	send := func(bytes int, everyS float64, count int) {
		for range count {
			nowS += everyS
			ear.take(bytes+(count+len(ear.bursts))%3, nowS)
		}
	}
	send(36, 0.4, 10) // silence, kept alive
	nowS += 0.3
	beginS := nowS + 0.02
	for size := range 50 {
		send(50+size%20, 0.02, 1)
	}
	nowS += 0.1 // a hole
	for size := range 50 {
		send(50+size%20, 0.02, 1)
	}
	endS := nowS
	send(36, 0.4, 10)
	bursts, packets := ear.heard()
	if packets != 120 || len(bursts) != 1 {
		t.Fatalf("%d packets, bursts %v", packets, bursts)
	}
	if got := bursts[0]; !near(got.BeganS, beginS) || !near(got.EndedS, endS) || got.Holes != 1 {
		t.Fatalf("%v, want %f to %f with one hole", got, beginS, endS)
	}
}

func TestSilenceThatIsFilledUpIsSilence(t *testing.T) {
	ear := &Ear{}
	nowS := 0.0
	for index := range 400 {
		nowS += 0.02
		size := 32
		if index >= 100 && index < 200 {
			size = 48 + index%20
		}
		ear.take(size, nowS)
	}
	bursts, _ := ear.heard()
	if len(bursts) != 2 || !near(bursts[1].BeganS, 0.02*101) {
		t.Fatalf("%v: the first burst is the silence before its size is known", bursts)
	}
}
