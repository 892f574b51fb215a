package git

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/sys/unix"
)

// How much of what is no pack is read, in bytes.
const (
	maxListing = 32 << 20 // the references of a remote, or what it says of a push
	maxBeside  = 16 << 20 // what comes beside a pack, for people
	maxRefusal = 64 << 10 // the body of a refusal, which is cut there
	maxSmall   = 16 << 20 // a file of a clone that says where something is
)

// bounded reads at most so many bytes, and refuses what has more.
type bounded struct {
	from io.Reader
	left int64
}

func listing(from io.Reader) *bounded { return &bounded{from, maxListing} }

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge("a listing of more than %d MiB", maxListing)
	}
	return n, err
}

// boundedAnswers bounds all answers but a pack, which is weighed while it is read.
type boundedAnswers struct{ next http.RoundTripper }

func (b boundedAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	switch {
	case err != nil:
	case resp.StatusCode/100 != 2:
		resp.Body = partOf{io.LimitReader(resp.Body, maxRefusal), resp.Body}
	case !strings.HasSuffix(req.URL.Path, "/"+transport.UploadPackServiceName):
		resp.Body = partOf{listing(resp.Body), resp.Body}
	}
	return resp, err
}

// partOf is a body of which not all is read.
type partOf struct {
	io.Reader
	io.Closer
}

// beside refuses an answer that says far more to people than it has of a pack.
type beside struct {
	from *counter
	pack *counter // what came out of it
}

func (b *beside) Read(p []byte) (int, error) {
	if b.from.n > maxBeside+2*b.pack.n {
		return 0, tooLarge("%d MiB beside a pack", b.from.n)
	}
	return b.from.Read(p)
}

// readFile reads a small file of a clone, which may be a stranger's: it waits for no pipe.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = checkFile(info, maxSmall)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxSmall))
}

func checkFile(info fs.FileInfo, limit int64) error {
	switch {
	case !info.Mode().IsRegular() && !info.IsDir():
		return fmt.Errorf("%s is not a regular file", info.Name())
	case info.Size() > limit && !info.IsDir():
		return fmt.Errorf("%s is larger than %d MiB", info.Name(), limit>>20)
	}
	return nil
}

// regular is a git folder of regular files, of which only those of objects may be large.
type regular struct{ billy.Filesystem }

func openFolder(dir string) billy.Filesystem { return regular{osfs.New(dir)} }

func (r regular) Open(name string) (billy.File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile opens a file that is regular, or makes it.
func (r regular) OpenFile(name string, flag int, mode fs.FileMode) (billy.File, error) {
	if info, err := r.Stat(name); err == nil {
		limit := int64(maxListing)
		if strings.HasPrefix(name, "objects") {
			limit = 1 << 62
		}
		if err := checkFile(info, limit); err != nil {
			return nil, err
		}
	}
	return r.Filesystem.OpenFile(name, flag, mode)
}
