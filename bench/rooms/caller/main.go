// Callers that cost little, for benchmarks of agents in LiveKit rooms: they send packets that were
// encoded beforehand, and note when packets of speech come back; nothing is decoded.
//
//	caller ADDRESS SPEECH SILENCE
//
// Both files hold Opus packets of 20 ms, each behind its length in two bytes, little-endian. The
// standard input has lines of JSON: {"tokens": [...]} joins a room with each, answered by
// {"joined": n}; {"plans": [...]}, one a caller, begins the talk; {"tell": true} is answered by
// {"heard": [{"bursts": [...], "packets": n}, ...]}. Its end makes them all leave.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/pion/webrtc/v4"
)

const joinEvery = 50 * time.Millisecond

type order struct {
	Tokens []string `json:"tokens"`
	Plans  []Plan   `json:"plans"`
	Tell   bool     `json:"tell"`
}

type heard struct {
	Bursts  []Burst `json:"bursts"`
	Packets int     `json:"packets"`
}

type callers struct {
	address         string
	speech, silence [][]byte
	media           *webrtc.API
	people          []*Participant
	ears            []*Ear
	talking         int
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: caller ADDRESS SPEECH SILENCE"))
	}
	media, err := newMediaAPI()
	if err != nil {
		fail(err)
	}
	all := &callers{
		address: os.Args[1], speech: readPackets(os.Args[2]), silence: readPackets(os.Args[3]),
		media: media,
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var wanted order
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			fail(err)
		}
		all.obey(wanted)
	}
	for _, one := range all.people {
		one.Leave()
	}
}

func (all *callers) obey(wanted order) {
	for _, token := range wanted.Tokens {
		ear := &Ear{}
		one, err := Join(all.media, all.address, token, ear.listen)
		if err != nil {
			fail(err)
		}
		all.people, all.ears = append(all.people, one), append(all.ears, ear)
		time.Sleep(joinEvery)
	}
	if len(wanted.Tokens) > 0 {
		say(map[string]int{"joined": len(all.people)})
	}
	for _, plan := range wanted.Plans {
		go talk(all.people[all.talking].Microphone, plan, all.speech, all.silence)
		all.talking++
	}
	if wanted.Tell {
		told := []heard{}
		for _, ear := range all.ears {
			bursts, packets := ear.heard()
			told = append(told, heard{bursts, packets})
		}
		say(map[string][]heard{"heard": told})
	}
}

func readPackets(path string) [][]byte {
	whole, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	packets := [][]byte{}
	for len(whole) >= 2 {
		length := int(binary.LittleEndian.Uint16(whole))
		packets = append(packets, whole[2:2+length])
		whole = whole[2+length:]
	}
	return packets
}

func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func complain(err error) { fmt.Fprintln(os.Stderr, err) }

func fail(err error) {
	complain(err)
	os.Exit(1)
}
