package git

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"golang.org/x/crypto/ssh"

	"github.com/skillrun/skillrun/engine/types"
)

// A signed commit carries an SSH signature (OpenSSH's PROTOCOL.sshsig) in its
// gpgsig header, as git's own gpg.format=ssh makes it. A resumed run must make
// the same commit again, so only keys whose signatures are always the same do.

// sign puts a signature on a commit, when a key is configured.
func (s Service) sign(ctx context.Context, c *object.Commit) (err error) {
	c.PGPSignature, err = s.signature(ctx, "commit", c)
	return err
}

// signable is a commit or a tag.
type signable interface {
	EncodeWithoutSignature(plumbing.EncodedObject) error
}

// signature is that of a commit or a tag, "" when no key is configured.
func (s Service) signature(ctx context.Context, what string, of signable) (string, error) {
	if s.SigningKeyFile == "" {
		return "", nil
	}
	key, done, err := s.signingKey(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	signature := ""
	text, err := unsigned(of)
	if err == nil {
		signature, err = sshSignature(key, text)
	}
	if err != nil {
		return "", types.Errorf(types.Auth, "the %s cannot be signed with %s: %w", what, s.SigningKeyFile, err).
			WithHint("see whether the ssh agent is locked (ssh-add -X), or sign with a key of ssh-keygen -t ed25519")
	}
	return signature, nil
}

// unsigned is what a signature is of.
func unsigned(of signable) ([]byte, error) {
	o := &plumbing.MemoryObject{}
	if err := of.EncodeWithoutSignature(o); err != nil {
		return nil, err
	}
	rd, err := o.Reader()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(rd)
}

// signingKey is the private key in the file, or the agent's for a public key there.
func (s Service) signingKey(ctx context.Context) (key ssh.Signer, done func(), err error) {
	text, err := readFile(s.SigningKeyFile)
	if err != nil {
		return nil, nil, types.Errorf(types.BadInput, "the signing key cannot be read: %w", err).
			WithHint("signing_key in skillrun.yaml is the path of a private key, or of a public key (.pub) whose private half the ssh agent holds")
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err == nil {
		key, done, err = agentKey(ctx, public)
	} else {
		key, err = privateKey(s.SigningKeyFile, text)
		done = func() {}
	}
	if err != nil {
		return nil, nil, err
	}
	if kind := key.PublicKey().Type(); kind != ssh.KeyAlgoED25519 && kind != ssh.KeyAlgoRSA {
		done()
		return nil, nil, types.Errorf(types.BadInput, "%s is a key of type %s, which signs differently each time", s.SigningKeyFile, kind).
			WithHint("a resumed run must make the same commit: use an ed25519 or an RSA key (ssh-keygen -t ed25519)")
	}
	return key, done, nil
}

func privateKey(path string, text []byte) (ssh.Signer, error) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, types.Errorf(types.BadInput, "the signing key %s can be read by others", path).WithHint("chmod 600 %s", path)
	}
	key, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, types.Errorf(types.BadInput, "the signing key %s has a passphrase", path).
			WithHint("load it into the ssh agent with ssh-add, and name its public half in skillrun.yaml: signing_key: %s.pub", path)
	}
	if err != nil {
		return nil, types.Errorf(types.BadInput, "%s is not an ssh key: %w", path, err).
			WithHint("make one with ssh-keygen -t ed25519, and name its path as signing_key in skillrun.yaml")
	}
	return key, nil
}

// agentKey asks the agent for the private half of a key.
func agentKey(ctx context.Context, public ssh.PublicKey) (ssh.Signer, func(), error) {
	keys, done, err := agentKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(keys, func(k ssh.Signer) bool { return string(k.PublicKey().Marshal()) == string(public.Marshal()) })
	if i < 0 {
		done()
		return nil, nil, types.Errorf(types.Auth, "the ssh agent does not hold the signing key %s", ssh.FingerprintSHA256(public)).
			WithHint("load it with ssh-add")
	}
	return keys[i], done, nil
}

// The fields of PROTOCOL.sshsig: what is signed, and what is written down.
type sshSigned struct {
	Namespace, Reserved, Hash string
	Digest                    []byte
}

type sshSig struct {
	Version                   uint32
	Key                       []byte
	Namespace, Reserved, Hash string
	Signature                 []byte
}

const sshMagic = "SSHSIG"

// sshSignature signs a text as git does: armored, in the namespace git.
func sshSignature(key ssh.Signer, text []byte) (string, error) {
	sum := sha512.Sum512(text)
	signed := append([]byte(sshMagic), ssh.Marshal(sshSigned{"git", "", "sha512", sum[:]})...)
	sig, err := signWith(key, signed)
	if err != nil {
		return "", err
	}
	if err := key.PublicKey().Verify(signed, sig); err != nil {
		return "", err
	}
	blob := append([]byte(sshMagic), ssh.Marshal(sshSig{1, key.PublicKey().Marshal(), "git", "", "sha512", ssh.Marshal(sig)})...)
	var b strings.Builder
	b.WriteString("-----BEGIN SSH SIGNATURE-----\n")
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(blob)), 70) {
		b.Write(append(line, '\n'))
	}
	b.WriteString("-----END SSH SIGNATURE-----\n")
	return b.String(), nil
}

// signWith signs with SHA-512: that of RSA keys must be asked for.
func signWith(key ssh.Signer, text []byte) (*ssh.Signature, error) {
	if key.PublicKey().Type() != ssh.KeyAlgoRSA {
		return key.Sign(rand.Reader, text)
	}
	rsa, ok := key.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("the key does not sign with SHA-512")
	}
	sig, err := rsa.SignWithAlgorithm(rand.Reader, text, ssh.KeyAlgoRSASHA512)
	if err == nil && sig.Format != ssh.KeyAlgoRSASHA512 {
		return nil, errors.New("the key signed with " + sig.Format + " instead of SHA-512")
	}
	return sig, err
}
