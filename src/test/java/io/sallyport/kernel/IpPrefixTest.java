package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.net.InetAddress;
import java.net.UnknownHostException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpPrefixTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        ":",
        ":::",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.4 ",
        "+1.2.3.4",
        "1.2.3.",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::8:9",
        "12345::",
        "g::",
        "::1%eth0",
        "[::1]",
        "1.2.3.4::",
        "::1.2.3",
        "::1.2.3.4:5",
        "1:",
        ":1",
        "1::2:",
        "::1:2:3:4:5:6:7:8",
        "0x1.2.3.4",
        "٣.1.1.1",
        "::1/",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "/8"
      })
  void whatIsNoAddressIsNotRead(String text) {
    assertNull(IpPrefix.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0/0,255.1.2.3,true",
    "0.0.0.0/0,::1,false",
    "::/0,1.2.3.4,false",
    "::/0,2001:db8::1,true",
    "::ffff:0:0/96,1.2.3.4,true",
    "2001:db8::/32,2001:db8:ffff::1,true",
    "2001:db8::/32,2001:db9::,false",
    "2001:db8::/65,2001:db8::8000:0:0:0,false",
    "2001:db8::/64,2001:db8::8000:0:0:0,true",
    "1.2.3.4,1.2.3.4,true",
    "1.2.3.4/31,1.2.3.5,true",
    "1.2.3.4/31,1.2.3.6,false",
    "1:2:3:4:5:6:7:8,1:2:3:4:5:6:0.7.0.8,true"
  })
  void aPrefixCoversItsAddresses(String prefix, String address, boolean covers) {
    IpPrefix read = IpPrefix.parse(prefix);
    IpPrefix other = IpPrefix.parseAddress(address);
    assertNotNull(read);
    assertNotNull(other);
    assertEquals(covers, read.covers(other));
  }

  @Property
  void everyAddressThatJavaWritesIsReadTheSame(
      @ForAll @Size(16) byte[] octets, @ForAll @IntRange(max = 128) int length)
      throws UnknownHostException {
    InetAddress address = InetAddress.getByAddress(octets);
    String text = address.getHostAddress();
    IpPrefix read =
        IpPrefix.parse(text + (octets.length == address.getAddress().length ? "/" + length : ""));
    assertNotNull(read);
    IpPrefix full = IpPrefix.parseAddress(text);
    assertNotNull(full);
    assertEquals(true, read.covers(full));
  }

  @Property
  void noTextMakesItFail(
      @ForAll @Chars({'0', '1', '9', 'a', ':', '.', '/'}) @StringLength(max = 50) String text) {
    IpPrefix read = IpPrefix.parseAddress(text);
    if (read != null) {
      assertNotNull(InetAddress.ofLiteral(text));
    }
  }
}
