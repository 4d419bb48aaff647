package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.devices.DeviceState.Operation;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceStateTest {
  @ParameterizedTest(name = "{0} may {1}")
  @CsvSource({
    "EXPECTED, ENROLL",
    "ACTIVE, ENROLL RENEW ATTEST GRANT CONNECT",
    "QUARANTINED, RENEW ATTEST",
    "SUSPENDED, ''",
    "WIPING, WIPE",
    "DECOMMISSIONED, ''"
  })
  void aStateAllowsTheseOperationsAndNoOther(DeviceState state, String operations) {
    String allowed = Arrays.stream(Operation.values())
        .filter(state::may)
        .map(Operation::name)
        .collect(Collectors.joining(" "));

    assertEquals(operations, allowed);
  }

  @ParameterizedTest(name = "{0} becomes {1}")
  @CsvSource({
    "EXPECTED, ACTIVE SUSPENDED DECOMMISSIONED",
    "ACTIVE, QUARANTINED SUSPENDED WIPING DECOMMISSIONED",
    "QUARANTINED, EXPECTED ACTIVE SUSPENDED WIPING DECOMMISSIONED",
    "SUSPENDED, EXPECTED ACTIVE QUARANTINED DECOMMISSIONED",
    "WIPING, DECOMMISSIONED",
    "DECOMMISSIONED, ''"
  })
  void aStateBecomesTheseAndNoOther(DeviceState state, String states) {
    String next = Arrays.stream(DeviceState.values())
        .filter(state::canBecome)
        .map(DeviceState::name)
        .collect(Collectors.joining(" "));

    assertEquals(states, next);
  }
}
