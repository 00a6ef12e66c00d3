package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// Participant is one caller in one LiveKit room: it publishes a microphone and hears one track.
// The signalling is that of https://docs.livekit.io/reference/internals/client-protocol/ with a
// peer connection a direction.
type Participant struct {
	Microphone *webrtc.TrackLocalStaticSample
	onTrack    func(*webrtc.TrackRemote)

	socket     *websocket.Conn
	sending    sync.Mutex
	publisher  *webrtc.PeerConnection
	subscriber *webrtc.PeerConnection
	early      map[livekit.SignalTarget][]webrtc.ICECandidateInit
	connected  chan struct{}
	closed     chan struct{}
}

const (
	protocolVersion = 15
	joinTimeout     = 15 * time.Second
)

// newMediaAPI speaks Opus over loopback and sends no reports but the ordinary ones, so that a
// caller costs as little as it can.
func newMediaAPI() (*webrtc.API, error) {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetInterfaceFilter(func(name string) bool { return name == "lo" || name == "lo0" })
	media := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1;usedtx=1",
		},
		PayloadType: 111,
	}
	if err := media.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := webrtc.ConfigureRTCPReports(registry); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(settings),
		webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry),
	), nil
}

// Join returns when the room takes the microphone's sound.
func Join(media *webrtc.API, address, token string, onTrack func(*webrtc.TrackRemote)) (*Participant, error) {
	query := fmt.Sprintf("/rtc?protocol=%d&sdk=go&auto_subscribe=1&access_token=%s",
		protocolVersion, url.QueryEscape(token))
	socket, _, err := websocket.DefaultDialer.Dial(address+query, nil)
	if err != nil {
		return nil, fmt.Errorf("the room was not joined: %w", err)
	}
	one := &Participant{
		onTrack:   onTrack,
		socket:    socket,
		early:     map[livekit.SignalTarget][]webrtc.ICECandidateInit{},
		connected: make(chan struct{}),
		closed:    make(chan struct{}),
	}
	go one.follow(media)
	select {
	case <-one.connected:
		return one, nil
	case <-one.closed:
		return nil, fmt.Errorf("the room closed while it was joined")
	case <-time.After(joinTimeout):
		return nil, fmt.Errorf("no media within %s", joinTimeout)
	}
}

// Leave says goodbye, so that the room knows at once.
func (one *Participant) Leave() {
	leave := &livekit.LeaveRequest{Reason: livekit.DisconnectReason_CLIENT_INITIATED}
	_ = one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: leave}})
	time.Sleep(50 * time.Millisecond)
	_ = one.publisher.Close()
	_ = one.subscriber.Close()
	_ = one.socket.Close()
}

func (one *Participant) follow(media *webrtc.API) {
	defer close(one.closed)
	for {
		_, packet, err := one.socket.ReadMessage()
		if err != nil {
			return
		}
		var answer livekit.SignalResponse
		if proto.Unmarshal(packet, &answer) != nil {
			continue
		}
		if err := one.take(media, &answer); err != nil {
			complain(err)
			return
		}
	}
}

func (one *Participant) take(media *webrtc.API, answer *livekit.SignalResponse) error {
	switch message := answer.Message.(type) {
	case *livekit.SignalResponse_Join:
		return one.enter(media, message.Join)
	case *livekit.SignalResponse_TrackPublished:
		return one.offer()
	case *livekit.SignalResponse_Answer:
		return one.describe(livekit.SignalTarget_PUBLISHER, webrtc.SDPTypeAnswer, message.Answer.Sdp)
	case *livekit.SignalResponse_Offer:
		return one.answer(message.Offer)
	case *livekit.SignalResponse_Trickle:
		return one.addCandidate(message.Trickle)
	case *livekit.SignalResponse_Leave:
		if message.Leave.Reason == livekit.DisconnectReason_CLIENT_INITIATED {
			return nil
		}
		return fmt.Errorf("put out of the room: %s", message.Leave.Reason)
	}
	return nil
}

func (one *Participant) enter(media *webrtc.API, join *livekit.JoinResponse) (err error) {
	if one.publisher, err = media.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	if one.subscriber, err = media.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	one.publisher.OnICECandidate(one.trickle(livekit.SignalTarget_PUBLISHER))
	one.subscriber.OnICECandidate(one.trickle(livekit.SignalTarget_SUBSCRIBER))
	one.subscriber.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { one.onTrack(track) })
	once := sync.Once{}
	one.publisher.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(one.connected) })
		}
	})
	if join.PingInterval > 0 {
		go one.ping(time.Duration(join.PingInterval) * time.Second)
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	if one.Microphone, err = webrtc.NewTrackLocalStaticSample(opus, "microphone", "caller"); err != nil {
		return err
	}
	return one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{
		AddTrack: &livekit.AddTrackRequest{
			Cid: one.Microphone.ID(), Name: "microphone",
			Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
		},
	}})
}

func (one *Participant) offer() error {
	sender, err := one.publisher.AddTrack(one.Microphone)
	if err != nil {
		return err
	}
	go drain(sender)
	offer, err := one.publisher.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := one.publisher.SetLocalDescription(offer); err != nil {
		return err
	}
	return one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP},
	}})
}

func (one *Participant) answer(offer *livekit.SessionDescription) error {
	if err := one.describe(livekit.SignalTarget_SUBSCRIBER, webrtc.SDPTypeOffer, offer.Sdp); err != nil {
		return err
	}
	answer, err := one.subscriber.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := one.subscriber.SetLocalDescription(answer); err != nil {
		return err
	}
	return one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: offer.Id},
	}})
}

func (one *Participant) describe(target livekit.SignalTarget, kind webrtc.SDPType, sdp string) error {
	way := one.way(target)
	if err := way.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		return err
	}
	for _, candidate := range one.early[target] {
		if err := way.AddICECandidate(candidate); err != nil {
			return err
		}
	}
	delete(one.early, target)
	return nil
}

func (one *Participant) addCandidate(trickle *livekit.TrickleRequest) error {
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(trickle.CandidateInit), &candidate); err != nil {
		return err
	}
	way := one.way(trickle.Target)
	if way.RemoteDescription() == nil {
		one.early[trickle.Target] = append(one.early[trickle.Target], candidate)
		return nil
	}
	return way.AddICECandidate(candidate)
}

func (one *Participant) way(target livekit.SignalTarget) *webrtc.PeerConnection {
	if target == livekit.SignalTarget_PUBLISHER {
		return one.publisher
	}
	return one.subscriber
}

func (one *Participant) trickle(target livekit.SignalTarget) func(*webrtc.ICECandidate) {
	return func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			return
		}
		text, err := json.Marshal(candidate.ToJSON())
		if err != nil {
			return
		}
		_ = one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
			Trickle: &livekit.TrickleRequest{CandidateInit: string(text), Target: target},
		}})
	}
}

func (one *Participant) ping(every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-one.closed:
			return
		case at := <-ticks.C:
			ping := &livekit.Ping{Timestamp: at.UnixMilli()}
			_ = one.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: ping}})
		}
	}
}

func (one *Participant) send(request *livekit.SignalRequest) error {
	packet, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	one.sending.Lock()
	defer one.sending.Unlock()
	return one.socket.WriteMessage(websocket.BinaryMessage, packet)
}

func drain(sender *webrtc.RTPSender) {
	packet := make([]byte, 1500)
	for {
		if _, _, err := sender.Read(packet); err != nil {
			return
		}
	}
}
