package gittest_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/skillrun/skillrun/steps/git/gittest"
)

// client talks to a served repository as go-git's transport does.
type client struct {
	t  *testing.T
	ep *transport.Endpoint
}

func dial(t *testing.T, url string) client {
	t.Helper()
	ep, err := transport.NewEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	return client{t, ep}
}

// fetch returns a pack of what the wants reach and the haves do not.
func (c client) fetch(wants, haves []string) []byte {
	c.t.Helper()
	session, err := githttp.NewClient(nil).NewUploadPackSession(c.ep, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	adv, err := session.AdvertisedReferencesContext(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	req.Wants, req.Haves = hashes(wants), hashes(haves)
	resp, err := session.UploadPack(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Close()
	pack, err := io.ReadAll(resp)
	if err != nil {
		c.t.Fatal(err)
	}
	return pack
}

// push sends one update and returns what the server says of it.
func (c client) push(branch, old, new string, pack []byte) string {
	c.t.Helper()
	session, err := githttp.NewClient(nil).NewReceivePackSession(c.ep, &githttp.BasicAuth{Username: "bot", Password: "hunter22"})
	if err != nil {
		c.t.Fatal(err)
	}
	adv, err := session.AdvertisedReferencesContext(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	req := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	req.Commands = []*packp.Command{{Name: plumbing.NewBranchReferenceName(branch), Old: plumbing.NewHash(old), New: plumbing.NewHash(new)}}
	if pack != nil {
		req.Packfile = io.NopCloser(bytes.NewReader(pack))
	}
	status, err := session.ReceivePack(c.t.Context(), req)
	if status == nil {
		c.t.Fatalf("no status: %v", err)
	}
	if status.UnpackStatus != "ok" {
		return "unpack: " + status.UnpackStatus
	}
	for _, s := range status.CommandStatuses {
		return s.Status
	}
	return "no status of the branch"
}

func hashes(shas []string) []plumbing.Hash {
	var out []plumbing.Hash
	for _, s := range shas {
		out = append(out, plumbing.NewHash(s))
	}
	return out
}

// objects are the names of what a pack holds.
func objects(t *testing.T, pack []byte) []string {
	t.Helper()
	sto := memory.NewStorage()
	if err := packfile.UpdateObjectStorage(sto, bytes.NewReader(pack)); err != nil && !errors.Is(err, packfile.ErrEmptyPackfile) {
		t.Fatal(err)
	}
	var out []string
	for h := range sto.Objects {
		out = append(out, h.String())
	}
	return out
}

// packOf encodes objects of a storage; no names give the pack of nothing.
func packOf(t *testing.T, sto storer.EncodedObjectStorer, names ...plumbing.Hash) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := packfile.NewEncoder(&buf, sto, false).Encode(names, 0); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// noise is text that does not compress.
func noise(n int) *string {
	rnd, out := rand.New(rand.NewPCG(1, 2)), make([]byte, n)
	for i := range out {
		out[i] = byte(rnd.UintN(256))
	}
	return text(string(out))
}

// TestIncrementalFetch tells the server what is available: the pack then holds
// the difference alone, and a have that the server does not know changes
// nothing.
func TestIncrementalFetch(t *testing.T) {
	t.Parallel()
	s, url, _ := serve(t, gittest.Options{})
	const big = 64 << 10
	commits := []gittest.Commit{
		{Name: "old", Author: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC(), Message: "old\n", Files: map[string]*string{"big": noise(big), "dir/x": text("1\n")}},
		{Name: "new", Parents: []string{"old"}, Author: "Ada", Email: "ada@example.com", When: time.Unix(1700000100, 0).UTC(), Message: "new\n", Files: map[string]*string{"dir/x": text("2\n")}},
	}
	shas, err := s.Create("group/big", "main", commits, map[string]string{"main": "new"})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, url+"/group/big.git")
	strange := "1234567890123456789012345678901234567890"
	for _, tt := range []struct {
		haves   []string
		objects int
		small   bool
	}{
		{nil, 9, false},
		{[]string{strange}, 9, false},
		{[]string{shas["old"]}, 4, true},
		{[]string{strange, shas["old"]}, 4, true},
	} {
		pack := c.fetch([]string{shas["new"]}, tt.haves)
		if got := objects(t, pack); len(got) != tt.objects || !slices.Contains(got, shas["new"]) {
			t.Errorf("have %v: %d objects, want %d", tt.haves, len(got), tt.objects)
		}
		if small := len(pack) < 1<<10; small != tt.small || len(pack) < big && !tt.small {
			t.Errorf("have %v: a pack of %d bytes", tt.haves, len(pack))
		}
	}
}

// TestBranchesWithoutObjects creates, moves and deletes branches by pushes that
// bring no objects.
func TestBranchesWithoutObjects(t *testing.T) {
	t.Parallel()
	changed := 0
	s, url, shas := serve(t, gittest.Options{Changed: func() { changed++ }})
	c := dial(t, url+"/group/repo.git")
	nothing, zero := packOf(t, memory.NewStorage()), plumbing.ZeroHash.String()
	for _, tt := range []struct {
		what, branch, old, new string
		pack                   []byte
		want, tip              string
		changed                int
	}{
		{"create", "x", zero, shas["a"], nothing, "ok", shas["a"], 1},
		{"create again", "x", zero, shas["b"], nothing, "stale info", shas["a"], 1},
		{"move", "x", shas["a"], shas["b"], nothing, "ok", shas["b"], 2},
		{"move from a stale value", "x", shas["a"], shas["m"], nothing, "stale info", shas["b"], 2},
		{"delete at a stale value", "x", shas["a"], zero, nil, "stale info", shas["b"], 2},
		{"delete", "x", shas["b"], zero, nil, "ok", "", 3},
		{"delete what is not there", "x", shas["b"], zero, nil, "stale info", "", 3},
		{"an unknown commit", "y", zero, "1234567890123456789012345678901234567890", nothing, "missing necessary objects", "", 3},
	} {
		if got := c.push(tt.branch, tt.old, tt.new, tt.pack); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
		if got := s.Branches("group/repo")[tt.branch]; got != tt.tip {
			t.Errorf("%s: the branch is at %q, want %q", tt.what, got, tt.tip)
		}
		if changed != tt.changed {
			t.Errorf("%s: Changed was called %d times, want %d", tt.what, changed, tt.changed)
		}
	}
}
