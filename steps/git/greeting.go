package git

import (
	"context"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// ask is one fetch. depth and filter count only where the server has them.
type ask struct {
	wants, haves []plumbing.Hash
	depth        int
	filter       packp.Filter
	loose        bool // few objects are expected: no pack is kept for them
}

// greeting is what git-upload-pack says first.
type greeting struct {
	at  string            // where the repository is, when it was renamed
	v2  map[string]string // what it can do in protocol v2; nil in the ones before
	adv *packp.AdvRefs    // its references, in the ones before
}

// uploadPack is git-upload-pack of a remote: what is read from. Protocol v2 is
// asked for, and what the server then speaks is spoken.
type uploadPack interface {
	// greet returns what the service says first.
	greet(context.Context) (*greeting, error)
	// ask sends a request in the version of the greeting.
	ask(ctx context.Context, request []byte, v2 bool) (io.ReadCloser, error)
	// Close ends the conversation.
	Close() error
}

const infoRefs = "/info/refs"
