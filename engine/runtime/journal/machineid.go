package journal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

const machineLen = 10

// Machine returns the id of the machine whose state this is. It is random,
// made once and kept, so that a run that was killed here is known again by
// the locks that machines share.
func (s *Store) Machine() (string, error) {
	path := filepath.Join(s.dir, machineName)
	if id, err := s.machine(path); !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := s.prepare(); err != nil {
		return "", err
	}
	lock, err := s.lock()
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if id, err := s.machine(path); !errors.Is(err, fs.ErrNotExist) {
		return id, err // another process was faster
	}
	var random [machineLen]byte
	_, _ = rand.Read(random[:]) // never fails
	id := hex.EncodeToString(random[:])
	if err := s.fs.replace(path, []byte(id+"\n"), true); err != nil {
		return "", disk("keep the machine's id", err)
	}
	return id, nil
}

// machine is fs.ErrNotExist when there is no id yet.
func (s *Store) machine(path string) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	text, err := s.fs.readUpTo(path, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err != nil {
		return "", disk("read the machine's id", err)
	}
	id := strings.TrimSuffix(string(text), "\n")
	if b, err := hex.DecodeString(id); err != nil || len(b) != machineLen {
		return "", types.Errorf(types.Conflict, "the machine's id in %s is %w", path, ErrDamaged).
			WithHint("remove the file: another id is made, and locks that this machine holds elsewhere stay until someone releases them")
	}
	return id, nil
}
