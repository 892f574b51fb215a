// Package envelope encrypts a run's archive to public keys, in age's format:
// whoever has the age program and a private key can open one by hand.
//
// Keys are age's own (age1…) and ssh's (ssh-ed25519 …). Only who holds a private
// key reads an archive; who wrote it no one can tell, for public keys are public.
package envelope

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"github.com/skillrun/skillrun/engine/types"
)

// head is how an encrypted archive begins.
const head = "age-encryption.org/v1\n"

// Key is a public key.
type Key struct {
	Text string // as it is written, without a comment
	to   age.Recipient
}

// ParseKey reads a public key.
func ParseKey(text string) (Key, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 1:
		if to, err := age.ParseX25519Recipient(words[0]); err == nil {
			return Key{words[0], to}, nil
		}
	case len(words) > 1 && words[0] == "ssh-ed25519":
		k := words[0] + " " + words[1]
		if to, err := agessh.ParseRecipient(k); err == nil {
			return Key{k, to}, nil
		}
	}
	if strings.Contains(text, "PRIVATE KEY") || strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY") {
		return Key{}, types.Errorf(types.BadInput, "--to is given a private key").
			WithHint("give the public one, age1… or ssh-ed25519 …; make a new pair, for this one stood on a command line")
	}
	return Key{}, types.Errorf(types.BadInput, "--to %.60q is not a public key", text).
		WithHint(`give one as "age-keygen" prints it, age1…, or a whole line ssh-ed25519 … of an id_ed25519.pub`)
}

// Seal encrypts to each of the keys.
func Seal(plain []byte, keys []Key) ([]byte, error) {
	var to []age.Recipient
	for _, k := range keys {
		to = append(to, k.to)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, types.Errorf(types.Internal, "the archive cannot be encrypted: %w", err)
	}
	return out.Bytes(), nil
}

// Sealed reports whether data is encrypted.
func Sealed(data []byte) bool { return bytes.HasPrefix(data, []byte(head)) }

// Open decrypts with one of the private keys, each the text of a file, and reads
// at most limit bytes and one more.
func Open(data []byte, private [][]byte, limit int) ([]byte, error) {
	var with []age.Identity
	for _, text := range private {
		ids, err := identities(text)
		if err != nil {
			return nil, err
		}
		with = append(with, ids...)
	}
	if len(with) == 0 {
		return nil, types.Errorf(types.BadInput, "the archive is encrypted").WithHint("name the file of a private key that it is for: --identity FILE")
	}
	r, err := age.Decrypt(bytes.NewReader(data), with...)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		return nil, types.Errorf(types.BadInput, "the archive is not for this key").WithHint("name the file of a private key that it was exported to: --identity FILE")
	}
	var plain []byte
	if err == nil {
		plain, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
	}
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the archive does not decrypt: it is damaged").
			WithHint("get it once more: where the run was exported, the same command writes it again")
	}
	return plain, nil
}

// identities are the private keys of a file: of age-keygen, or of ssh-keygen
// without a passphrase. What stands in it is never shown.
func identities(text []byte) ([]age.Identity, error) {
	if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		id, err := agessh.ParseIdentity(text)
		if err != nil {
			return nil, types.Errorf(types.BadInput, "the private ssh key cannot be read, or has a passphrase").
				WithHint("give an ssh-ed25519 key without one, or a key of age-keygen")
		}
		return []age.Identity{id}, nil
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the file of --identity holds no private key").
			WithHint("give one of age-keygen, AGE-SECRET-KEY-1…, or a private ssh-ed25519 key")
	}
	return ids, nil
}
