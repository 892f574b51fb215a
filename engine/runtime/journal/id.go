package journal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

const (
	idTime   = "20060102-150405"
	idRandom = 6
	letters  = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// NewID returns the id of a new run, such as 20260115-101530-k3f9q2: the time
// in UTC, so that ids sort by age, and six random letters. It panics when
// random fails, which crypto/rand never does.
func NewID(now time.Time, random io.Reader) string {
	id := []byte(now.UTC().Format(idTime) + "-")
	var b [1]byte
	for n := 0; n < idRandom; {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			panic(fmt.Sprintf("no random bytes for a run id: %v", err))
		}
		// Bytes past the last whole multiple would make the first letters likelier.
		if int(b[0]) < 256-256%len(letters) {
			id = append(id, letters[int(b[0])%len(letters)])
			n++
		}
	}
	return string(id)
}

// ValidID reports whether id has the form of a run's id, which makes it safe
// as the name of a folder.
func ValidID(id string) bool {
	day, rest, _ := strings.Cut(id, "-")
	clock, random, _ := strings.Cut(rest, "-")
	of := func(part string, size int, chars string) bool {
		return len(part) == size && strings.Trim(part, chars) == ""
	}
	return of(day, 8, letters[:10]) && of(clock, 6, letters[:10]) && of(random, idRandom, letters)
}

// BeganAt reports whether a run of that id began at that time: [NewID] was given
// it.
func BeganAt(id string, at time.Time) bool {
	return strings.HasPrefix(id, at.UTC().Format(idTime)+"-")
}

func checkID(id string) error {
	if ValidID(id) {
		return nil
	}
	return types.Errorf(types.BadInput, "%q is not the id of a run", id).
		WithHint("an id looks like 20260115-101530-k3f9q2")
}
