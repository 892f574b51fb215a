package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"time"
)

// authority is who vouches for a world: a certificate of its own, which is
// worth nothing elsewhere, and its key.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// The validity of certificates. It is the machine's time that counts and not
// the world's, because that is what clients check them against.
const (
	day        = 24 * time.Hour
	forOpening = 365 * day
	forFolder  = 10 * forOpening
)

// openAuthority reads the folder's authority, and makes it when there is none.
func openAuthority(o Options) (*authority, error) {
	data, err := o.read("ca.pem")
	if errors.Is(err, fs.ErrNotExist) { // it is written last
		return newAuthority(o)
	}
	if err != nil {
		return nil, err
	}
	key, err := o.read("ca-key.pem")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(data, key)
	if err != nil {
		return nil, err
	}
	signer, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("ca-key.pem was not made by skillrun; `skillrun sandbox reset` starts over")
	}
	return &authority{pair.Leaf, signer}, nil
}

func newAuthority(o Options) (*authority, error) {
	template := certificateOf("skillrun sandbox "+rand.Text()[:8], forFolder)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key, der, err := issue(template, nil)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = o.write("ca-key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err == nil {
		err = o.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key}, err
}

// serverConfig vouches for this machine and for a host by another name.
func (a *authority) serverConfig(host string) (*tls.Config, error) {
	template := certificateOf("skillrun sandbox", forOpening)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	key, der, err := issue(template, a)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, nil
}

func certificateOf(name string, valid time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-day), NotAfter: now.Add(valid),
	}
}

// issue makes a key, and a certificate for it that a signs, or it itself.
func issue(template *x509.Certificate, a *authority) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if a == nil {
		a = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	return key, der, err
}
