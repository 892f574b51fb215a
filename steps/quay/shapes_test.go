package quay_test

// quayTags is Quay's list of tags, and quayTag one of them
// (endpoints/api/tag.py).
type (
	quayTags struct {
		Tags       []quayTag `json:"tags"`
		Page       *int      `json:"page"`
		Additional *bool     `json:"has_additional"`
	}
	quayTag struct {
		Name       string  `json:"name"`
		Reversion  *bool   `json:"reversion"`
		Start      *int64  `json:"start_ts"`
		End        *int64  `json:"end_ts"`
		Digest     *string `json:"manifest_digest"`
		IsList     *bool   `json:"is_manifest_list"`
		Size       *int64  `json:"size"`
		Modified   *string `json:"last_modified"`
		Expiration *string `json:"expiration"`
		Immutable  *bool   `json:"immutable"`
	}
)

// The shapes of the OCI distribution specification 1.1 and image
// specification 1.1.
type (
	descriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        *int64            `json:"size"`
		Annotations map[string]string `json:"annotations"`
		Platform    *struct {
			Architecture string `json:"architecture"`
			OS           string `json:"os"`
			Variant      string `json:"variant"`
		} `json:"platform"`
	}
	ociManifest struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Config        *descriptor       `json:"config"`
		Layers        []descriptor      `json:"layers"`
		Manifests     []descriptor      `json:"manifests"`
		Annotations   map[string]string `json:"annotations"`
	}
	ociRefusal struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Detail  any    `json:"detail"`
		} `json:"errors"`
	}
	ociTags struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	tokenAnswer struct {
		Token     string `json:"token"`
		Access    string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
		IssuedAt  string `json:"issued_at"`
	}
)
