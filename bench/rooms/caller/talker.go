package main

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"golang.org/x/sys/unix"
)

const (
	frame = 20 * time.Millisecond
	// Opus packets of silence are a few bytes long, of speech some dozens.
	loudBytes = 30
	// Some encoders fill silence up; then so many packets in a row have one size, and speech is
	// larger by that much.
	quietRun   = 25
	aboveQuiet = 1.25
	// One loud packet alone is a refresh of silence; three of successive sound are speech.
	onsetPackets = 3
	// 20 ms; clocks round them to some more or less.
	packetSamples = 960 + 48
	// Speech with a longer hole than this is two bursts. In silence a lone packet comes every 0.4 s,
	// sometimes as large as speech.
	burstGapS = 0.2
	// What a listener would hear as a hole.
	holeS = 0.06
)

// Burst is one stretch of the agent's speech as its packets came. Times are seconds of the
// machine's monotonic clock, which Python's time.monotonic reads too.
type Burst struct {
	BeganS float64 `json:"began_s"`
	EndedS float64 `json:"ended_s"`
	Holes  int     `json:"holes"`
}

// Ear keeps what it hears as bursts.
type Ear struct {
	lock    sync.Mutex
	bursts  []Burst
	speaks  bool
	packets int
	// How many loud packets came whose sound is without a gap, since when, and where it ends.
	onset  int
	sinceS float64
	last   uint32
	// The size of the last packets, how many in a row had it, and the size of silence.
	size, run, quiet int
}

func (ear *Ear) listen(track *webrtc.TrackRemote) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		ear.take(len(packet.Payload), packet.Timestamp, monotonicS())
	}
}

// take notes a packet whose sound begins at a sample of 48 kHz.
func (ear *Ear) take(bytes int, sample uint32, nowS float64) {
	ear.lock.Lock()
	defer ear.lock.Unlock()
	ear.packets++
	if !ear.isLoud(bytes) {
		ear.onset = 0
		return
	}
	follows := sample-ear.last <= packetSamples
	ear.last = sample
	if ear.speaks {
		if ear.goOn(nowS) {
			return
		}
		ear.speaks, ear.onset = false, 0
	}
	if ear.onset == 0 || !follows {
		ear.onset, ear.sinceS = 0, nowS
	}
	if ear.onset++; ear.onset == onsetPackets {
		ear.speaks = true
		ear.bursts = append(ear.bursts, Burst{BeganS: ear.sinceS, EndedS: nowS})
	}
}

// goOn says whether a loud packet belongs to the speech under way.
func (ear *Ear) goOn(nowS float64) bool {
	last := &ear.bursts[len(ear.bursts)-1]
	gapS := nowS - last.EndedS
	if gapS > burstGapS {
		return false
	}
	if gapS > holeS {
		last.Holes++
	}
	last.EndedS = nowS
	return true
}

func (ear *Ear) isLoud(bytes int) bool {
	if bytes == ear.size {
		ear.run++
	} else {
		ear.size, ear.run = bytes, 1
	}
	if ear.run >= quietRun {
		ear.quiet = bytes
	}
	return bytes > loudBytes && float64(bytes) > aboveQuiet*float64(ear.quiet)
}

func (ear *Ear) heard() ([]Burst, int) {
	ear.lock.Lock()
	defer ear.lock.Unlock()
	return append([]Burst{}, ear.bursts...), ear.packets
}

// Plan says when a caller speaks: frame `index` is sent at BeginsS + (index + 1) frames; the speech
// begins with each of Speaks. In between there is the silence.
type Plan struct {
	BeginsS float64 `json:"begins_s"`
	Speaks  []int   `json:"speaks"`
}

func talk(track *webrtc.TrackLocalStaticSample, plan Plan, speech, silence [][]byte) {
	began := time.Now().Add(time.Duration((plan.BeginsS - monotonicS()) * float64(time.Second)))
	next := 0
	for index := 0; ; index++ {
		for next < len(plan.Speaks) && index >= plan.Speaks[next]+len(speech) {
			next++
		}
		packet := silence[index%len(silence)]
		if next < len(plan.Speaks) && index >= plan.Speaks[next] {
			packet = speech[index-plan.Speaks[next]]
		}
		time.Sleep(time.Until(began.Add(time.Duration(index+1) * frame)))
		if track.WriteSample(media.Sample{Data: packet, Duration: frame}) != nil {
			return
		}
	}
}

func monotonicS() float64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return float64(now.Sec) + float64(now.Nsec)/1e9
}
