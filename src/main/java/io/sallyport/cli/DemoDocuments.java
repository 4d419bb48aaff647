package io.sallyport.cli;

/** The documents and reports of the demo. */
final class DemoDocuments {
  static final DeviceClient.Report GOOD =
      new DeviceClient.Report("camera-os", "1.4.0", "sha-256:" + "14".repeat(32), true);
  static final DeviceClient.Report OLD =
      new DeviceClient.Report("camera-os", "1.2.0", "sha-256:" + "12".repeat(32), true);

  static final String PROFILE = """
      apiVersion: sallyport.io/v1
      kind: DeviceProfile
      metadata: {name: camera}
      spec:
        certificateProfiles: [device]
        attestation:
          validity: PT15M
          secureBoot: true
          firmware:
            camera-os:
              - {version: "1.4.0", digest: "%s"}
      """.formatted(GOOD.digest());

  static final String POLICY = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: cameras}
      spec:
        selector: {profile: camera, site: plant-1, labels: {zone: perimeter}}
        posture:
          executables: {tier: warning, assurance: signed-software}
        conditions:
          - posture.firmware.version == "1.4.0"
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
        grant: {ttl: PT10M}
        otherwise: {quarantineVlan: 666}
      """;

  /** For measurements: posture does not matter. */
  static final String OPEN_PROFILE = """
      apiVersion: sallyport.io/v1
      kind: DeviceProfile
      metadata: {name: open}
      spec:
        certificateProfiles: [device]
      """;

  static final String OPEN_POLICY = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: open}
      spec:
        selector: {profile: open}
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
        grant: {ttl: PT10M}
      """;

  static final String BAD_POLICY = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: typo}
      spec:
        selector: {profile: camera}
        alow:
          - {peer: 0.0.0.0/0, protocol: tcp, ports: ["0-65535"]}
      """;

  private DemoDocuments() {}
}
