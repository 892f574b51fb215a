package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Protocol v2 of git (gitprotocol-v2 in its documentation): the server tells what it
// can do, then the client gives commands. Only references that are asked for are
// listed, and any object may be wanted by its name.

// What stands in place of a packet's length.
const (
	flushPkt = 0 // the end of a message
	delimPkt = 1 // the end of a section
	maxPkt   = 65520
)

// errSHA256 is a repository whose objects have names that we cannot hold.
var errSHA256 = errors.New("its objects have SHA-256 names")

// serverError is what a server says instead of an answer.
type serverError string

// Error returns it as one line.
func (s serverError) Error() string { return (&remarks{text: []byte(s)}).String() }

// readGreeting reads it in whatever version it is.
func readGreeting(from io.Reader) (*greeting, error) {
	r := bufio.NewReaderSize(from, maxPkt)
	first, _, err := peekPkt(r)
	if err == nil && strings.HasPrefix(first, "# service=") {
		_, _, _ = readPkt(r)
		if end, _ := r.Peek(4); string(end) == "0000" {
			_, _ = r.Discard(len(end))
		}
		first, _, err = peekPkt(r)
	}
	switch first = strings.TrimSuffix(first, "\n"); {
	case errors.Is(err, io.EOF):
		return nil, packp.ErrEmptyInput
	case err != nil:
		return nil, err
	case first == "version 2":
		return readCapabilities(r)
	case first == "version 1":
		_, _, _ = readPkt(r)
		if first, _, err = peekPkt(r); err != nil {
			return nil, err
		}
	}
	if _, caps, _ := strings.Cut(first, "\x00"); slices.Contains(strings.Fields(caps), "object-format=sha256") {
		return nil, errSHA256
	}
	adv := packp.NewAdvRefs()
	err = adv.Decode(listing(r))
	if errors.Is(err, packp.ErrEmptyAdvRefs) || err == nil && adv.IsEmpty() {
		return nil, transport.ErrEmptyRemoteRepository
	}
	if err != nil {
		return nil, err
	}
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	return &greeting{adv: adv}, nil
}

// peekPkt returns the next packet's text, if it has any, and length, and leaves it there.
func peekPkt(r *bufio.Reader) (text string, length int, err error) {
	head, err := r.Peek(4)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(string(head), 16, 16)
	if err != nil || n > maxPkt || n == 3 {
		return "", 0, fmt.Errorf("the server sent %q where the length of a packet belongs", head)
	}
	whole, err := r.Peek(max(int(n), 4))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", 0, err
	}
	return string(whole[4:]), int(n), nil
}

// readPkt reads one packet; end is its length when that ends something, else -1.
func readPkt(r *bufio.Reader) (text string, end int, err error) {
	text, n, err := peekPkt(r)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", 0, err
	}
	if n < 4 {
		_, err = r.Discard(4)
		return "", n, err
	}
	if _, err = r.Discard(n); err == nil && strings.HasPrefix(text, "ERR ") {
		err = serverError(strings.TrimPrefix(text, "ERR "))
	}
	return text, -1, err
}

// lines reads packets of text up to the one that ends them.
func lines(r *bufio.Reader, each func(line string)) (end int, err error) {
	for size := 0; ; {
		text, end, err := readPkt(r)
		if err != nil || end >= 0 {
			return end, err
		}
		if size += len(text) + 4; size > maxListing {
			return 0, tooLarge("a listing of more than %d MiB", maxListing)
		}
		each(strings.TrimSuffix(text, "\n"))
	}
}

func readCapabilities(r *bufio.Reader) (*greeting, error) {
	g := &greeting{v2: map[string]string{}}
	_, err := lines(r, func(line string) {
		name, value, _ := strings.Cut(line, "=")
		g.v2[name] = value
	})
	if err == nil && g.v2["object-format"] == "sha256" {
		return nil, errSHA256
	}
	return g, err
}

// can reports whether a command takes an argument.
func (g *greeting) can(command, argument string) bool {
	return slices.Contains(strings.Fields(g.v2[command]), argument)
}

// command is a request of protocol v2.
func (g *greeting) command(name string, arguments ...string) []byte {
	var b bytes.Buffer
	pkt := func(text string) { fmt.Fprintf(&b, "%04x%s\n", len(text)+5, text) }
	pkt("command=" + name)
	if _, ok := g.v2["agent"]; ok {
		pkt("agent=" + capability.DefaultAgent())
	}
	if format, ok := g.v2["object-format"]; ok {
		pkt("object-format=" + format)
	}
	b.WriteString("0001")
	for _, a := range arguments {
		pkt(a)
	}
	b.WriteString("0000")
	return b.Bytes()
}

// lsRefs asks for the branches and for what HEAD points at.
func (g *greeting) lsRefs(ctx context.Context, up uploadPack, remote string) (*remoteRefs, error) {
	answer, err := up.ask(ctx, g.command("ls-refs", "symrefs", "ref-prefix HEAD", "ref-prefix refs/heads/"), true)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	out := &remoteRefs{url: remote, greeting: g, branches: map[string]plumbing.Hash{}, caps: g.capabilities()}
	var head plumbing.Hash
	_, err = lines(bufio.NewReaderSize(answer, maxPkt), func(line string) {
		words := strings.Split(line, " ")
		if len(words) < 2 || !plumbing.IsHash(words[0]) {
			return
		}
		h := plumbing.NewHash(words[0])
		if branch, ok := strings.CutPrefix(words[1], "refs/heads/"); ok {
			out.branches[branch] = h
		}
		if words[1] != "HEAD" {
			return
		}
		head = h
		for _, w := range words[2:] {
			if target, ok := strings.CutPrefix(w, "symref-target:refs/heads/"); ok {
				out.defaultBranch = target
			}
		}
	})
	if err == nil && out.defaultBranch == "" && !head.IsZero() {
		out.defaultBranch = out.guess(head)
	}
	return out, err
}

// capabilities are those of the earlier protocols that come to the same.
func (g *greeting) capabilities() *capability.List {
	list := capability.NewList()
	list.Add(capability.AllowReachableSHA1InWant) // where a server is stricter, it says no when it is asked
	if g.can("fetch", "shallow") {
		list.Add(capability.Shallow)
	}
	if g.can("fetch", "filter") {
		list.Add(capability.Filter)
	}
	return list
}

// fetchCommand is one fetch, of no thin pack: its objects must stand alone.
func (from *remoteRefs) fetchCommand(a ask) []byte {
	args := []string{"ofs-delta", "no-progress"}
	if a.depth > 0 && from.caps.Supports(capability.Shallow) {
		args = append(args, "deepen "+strconv.Itoa(a.depth))
	}
	if a.filter != "" && from.partial() {
		args = append(args, "filter "+string(a.filter))
	}
	for _, h := range a.wants {
		args = append(args, "want "+h.String())
	}
	for _, h := range a.haves {
		args = append(args, "have "+h.String())
	}
	return from.greeting.command("fetch", append(args, "done")...)
}

// readPack reads the answer to a fetch up to its pack. ends are the commits
// where the server says that its history, or what was asked of it, ends.
func readPack(answer io.Reader) (pack io.Reader, ends []plumbing.Hash, err error) {
	r := bufio.NewReaderSize(answer, maxPkt)
	for {
		section, end, err := readPkt(r)
		switch section = strings.TrimSuffix(section, "\n"); {
		case err != nil:
			return nil, nil, err
		case section == "packfile":
			return &sidebandReader{from: r}, ends, nil
		case end == flushPkt:
			return nil, nil, serverError("nothing")
		}
		_, err = lines(r, func(line string) {
			if h, ok := strings.CutPrefix(line, "shallow "); ok && section == "shallow-info" {
				ends = append(ends, plumbing.NewHash(h))
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
}

// The bands beside which a pack comes.
const (
	packBand, progressBand, errorBand = 1, 2, 3
)

// sidebandReader is the pack among the packets of a section.
type sidebandReader struct {
	from *bufio.Reader
	rest string
	said int64 // what came beside it, in bytes
	pack int64
	done bool
}

func (b *sidebandReader) Read(p []byte) (int, error) {
	for b.rest == "" {
		if b.done {
			return 0, io.EOF
		}
		if b.said > maxBeside+2*b.pack {
			return 0, tooLarge("%d MiB beside a pack", b.said)
		}
		text, end, err := readPkt(b.from)
		switch {
		case err != nil:
			return 0, err
		case end >= 0:
			b.done = true
		case text != "" && text[0] == packBand:
			b.rest = text[1:]
			b.pack += int64(len(b.rest))
			b.said += 5 // of an empty one, which is a sign of life
		case text != "" && text[0] == errorBand:
			return 0, serverError(text[1:])
		case text != "" && text[0] != progressBand:
			return 0, fmt.Errorf("the server sent %q among the packets of a pack", text[0])
		default:
			b.said += int64(len(text)) + 4
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
