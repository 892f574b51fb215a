package lsp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"go.lsp.dev/jsonrpc2"
)

// Limits of one message.
const (
	maxMessage = 16 << 20
	maxHeader  = 4 << 10
)

// stream passes on whole messages only: what is no message is answered or passed over,
// so that the connection behind it outlives whatever an editor sends.
type stream struct {
	in   *bufio.Reader
	out  io.Writer
	log  io.Writer
	left []byte // of the message that is being passed on
	mu   sync.Mutex
}

func newStream(in io.Reader, out, log io.Writer) *stream {
	return &stream{in: bufio.NewReaderSize(in, maxHeader), out: out, log: log}
}

func (s *stream) Close() error { return nil }

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.left) == 0 {
		body, err := s.next()
		if err != nil {
			return 0, err
		}
		if why := refusal(body); why != "" {
			fmt.Fprintf(s.log, "a message was not read: %s\n", why)
			s.refuse(why)
			continue
		}
		s.left = append(fmt.Appendf(nil, "Content-Length: %d\r\n\r\n", len(body)), body...)
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

// next returns the body of the next message.
func (s *stream) next() ([]byte, error) {
	length := -1
	for {
		line, err := s.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue // no header is that long
		}
		if err != nil {
			return nil, err
		}
		text := strings.TrimSpace(string(line))
		name, value, _ := strings.Cut(text, ":")
		if strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				length = -1
			}
		}
		if text != "" || length <= 0 {
			continue
		}
		if length > maxMessage {
			if _, err := io.CopyN(io.Discard, s.in, int64(length)); err != nil {
				return nil, err
			}
			fmt.Fprintf(s.log, "a message of %d bytes was not read\n", length)
			length = -1
			continue
		}
		body := make([]byte, length)
		_, err = io.ReadFull(s.in, body)
		return body, err
	}
}

// refusal says why a body is no request and no notification, "" when it is one.
func refusal(body []byte) string {
	m, err := jsonrpc2.DecodeMessage(body)
	if err != nil {
		return "it is not a message of JSON-RPC 2.0"
	}
	if _, is := m.(jsonrpc2.RequestMessage); !is {
		return "it is not a request of JSON-RPC 2.0"
	}
	return ""
}

// refuse tells the editor that something could not be read.
func (s *stream) refuse(why string) {
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": -32700, "message": why}}) // of texts and a number
	_, err := fmt.Fprintf(s, "Content-Length: %d\r\n\r\n%s", len(body), body)
	if err != nil {
		fmt.Fprintln(s.log, err)
	}
}
