// Package conformance runs the Gateway API project's own tests, unchanged, against the test gateway.
package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	_ "sigs.k8s.io/gateway-api/conformance/echo-basic/grpc" // build.sh builds the echo server from the same module
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

const listens = "lab.mlcd.dev/listens"

// TestConformance runs those tests that $CONFORMANCE_TESTS names (their ShortNames, with commas between them).
func TestConformance(t *testing.T) {
	names := strings.Split(os.Getenv("CONFORMANCE_TESTS"), ",")
	var chosen []suite.ConformanceTest
	for _, test := range tests.ConformanceTests {
		if slices.Contains(names, test.ShortName) {
			chosen = append(chosen, test)
		}
	}
	require.Len(t, chosen, len(names), "a test is not known by its name")
	options := conformance.DefaultOptions(t)
	options.RoundTripper = &roundtripper.DefaultRoundTripper{
		TimeoutConfig:     options.TimeoutConfig,
		CustomDialContext: dialWhereItReallyIs(options.Client),
	}
	run, err := suite.NewConformanceTestSuite(options)
	require.NoError(t, err)
	for _, test := range chosen {
		require.True(t, run.SupportedFeatures.HasAll(test.Features...), "%s would be skipped", test.ShortName)
	}
	run.Setup(t, chosen)
	require.NoError(t, run.Run(t, chosen))
}

// A Gateway's address is one on paper only: the annotation says where on loopback each of its ports is.
func dialWhereItReallyIs(cluster client.Client) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, asked string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(asked)
		if err != nil {
			return nil, err
		}
		var gateways gatewayv1.GatewayList
		if err := cluster.List(ctx, &gateways); err != nil {
			return nil, err
		}
		for _, gateway := range gateways.Items {
			for _, address := range gateway.Status.Addresses {
				if address.Value != host {
					continue
				}
				var ports map[string]string
				if err := json.Unmarshal([]byte(gateway.Annotations[listens]), &ports); err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, ports[port])
			}
		}
		return nil, fmt.Errorf("no Gateway has the address %s", host)
	}
}
