package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/envelope"
	"github.com/skillrun/skillrun/engine/types"
)

// pair is a public and a private key, as texts.
type pair struct {
	public  string
	private []byte
}

func ageKey(t *testing.T) pair {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return pair{id.Recipient().String(), []byte("# made today\n" + id.String() + "\n")}
}

func sshKey(t *testing.T) pair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return pair{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) + " ada@example.com", pem.EncodeToMemory(block)}
}

func seal(t *testing.T, plain []byte, to ...pair) []byte {
	t.Helper()
	var keys []envelope.Key
	for _, p := range to {
		k, err := envelope.ParseKey(p.public)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	data, err := envelope.Seal(plain, keys)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSeal: each of the keys opens it, whole, and no other key does.
func TestSeal(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte("what nobody else reads "), 10000)
	a, s, other := ageKey(t), sshKey(t), ageKey(t)
	data := seal(t, plain, a, s)
	if !envelope.Sealed(data) || envelope.Sealed(plain) || bytes.Contains(data, []byte("nobody")) {
		t.Error("it is not sealed")
	}
	for _, p := range []pair{a, s} {
		got, err := envelope.Open(data, [][]byte{other.private, p.private}, len(plain))
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes, error %v", len(got), err)
		}
	}
	refuses := func(what string, data []byte, want string, private ...[]byte) {
		t.Helper()
		got, err := envelope.Open(data, private, len(plain))
		if err == nil || !strings.Contains(err.Error(), want) || types.AsError(err).Hint == "" || got != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuses("no key", data, "the archive is encrypted")
	refuses("another key", data, "not for this key", other.private)
	refuses("another ssh key", data, "not for this key", sshKey(t).private)
	refuses("no private key", data, "holds no private key", []byte(a.public))
	refuses("a broken ssh key", data, "cannot be read", bytes.Replace(s.private, []byte("\n"), []byte("\nx"), 1))
	refuses("cut short", data[:len(data)-1], "damaged", a.private)
	refuses("with more", append(bytes.Clone(data), 'x'), "damaged", a.private)
	for _, at := range []int{30, 300, len(data) / 2, len(data) - 1} {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		refuses("flipped", bad, "archive", a.private)
	}
	if got, err := envelope.Open(data, [][]byte{a.private}, 10); err != nil || len(got) != 11 {
		t.Errorf("%d bytes are read of what may be 10: %v", len(got), err)
	}
}

// TestParseKey: what is not a public key is refused, and a private one is not shown.
func TestParseKey(t *testing.T) {
	t.Parallel()
	id := ageKey(t)
	secret := strings.Fields(string(id.private))[3]
	for _, text := range []string{
		"", "x", id.public[:20], id.public + "x", "ssh-ed25519", "ssh-ed25519 x", "ssh-rsa AAAAB3NzaC1yc2E=", secret, strings.ToLower(secret),
		string(sshKey(t).private), "github:ada", strings.Repeat("x", 1000),
	} {
		_, err := envelope.ParseKey(text)
		if err == nil || types.AsError(err).Hint == "" || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v", text, err)
		}
		if err != nil && (strings.Contains(strings.ToUpper(err.Error()), secret[20:]) || strings.Contains(err.Error(), "b3BlbnNzaC1")) {
			t.Errorf("it shows the private key: %v", err)
		}
	}
	k, err := envelope.ParseKey(" " + sshKey(t).public + "\n")
	if err != nil || strings.Contains(k.Text, "ada") || !strings.HasPrefix(k.Text, "ssh-ed25519 AAAA") {
		t.Errorf("%q, %v", k.Text, err)
	}
}
