// Bytes that are not MQTT: each with the error, and the words of the sentence that explains it. What is
// refused at all is the matter of broker_packet_test, property_test and client_packet_test.
#include "bytes.hpp"
#include "wire/decode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace multimqtt::wire {
namespace {

using enum ProtocolVersion;
constexpr Sender kClient = Sender::client;
constexpr Sender kServer = Sender::server;
constexpr Error kMalformed = Error::malformed_packet;
constexpr Error kProtocol = Error::protocol_error;

struct Row {
    const char* name;
    ProtocolVersion version;
    Sender sender;
    const char* bytes;
    Error error;
    const char* words;
    const char* spec = "";
};

constexpr Row kFixedHeader[] = {
    {"type_0", v5, kServer, "00 00", kMalformed, "The packet is malformed: the packet type is reserved",
     "v5 2.1.2"},
    {"auth_in_3_1_1", v3_1_1, kServer, "F0 00", kMalformed, "AUTH is malformed: the packet type is reserved"},
    {"connack_flags", v5, kServer, "21 03 00 00 00", kMalformed, "flags of the fixed header",
     "v5 [MQTT-2.1.3-1]"},
    {"puback_flags", v3_1_1, kServer, "42 02 00 01", kMalformed, "flags", "v3.1.1 [MQTT-2.2.2-2]"},
    {"pubrel_flags_0", v5, kServer, "60 02 00 01", kMalformed, "flags", "v5 [MQTT-3.6.1-1]"},
    {"subscribe_flags_0", v5, kClient, "80 06 00 01 00 00 01 'a' 00", kMalformed, "flags",
     "v5 [MQTT-3.8.1-1]"},
    {"unsubscribe_flags_0", v5, kClient, "A0 06 00 01 00 00 01 'a'", kMalformed, "flags",
     "v5 [MQTT-3.10.1-1]"},
    {"disconnect_flags", v5, kServer, "E1 00", kMalformed, "flags", "v5 [MQTT-3.14.1-1]"},
    {"auth_flags", v5, kServer, "F1 00", kMalformed, "flags", "v5 [MQTT-3.15.1-1]"},
    {"pingresp_flags", v5, kServer, "D8 00", kMalformed, "flags", "v5 [MQTT-2.1.3-1]"},
    {"publish_qos_3", v5, kServer, "36 05 00 01 'a' 00 01", kMalformed, "the QoS is 3", "v5 [MQTT-3.3.1-4]"},
    {"publish_qos_3_old", v3_1_1, kServer, "36 05 00 01 'a' 00 01", kMalformed, "the QoS is 3",
     "v3.1.1 [MQTT-3.3.1-4]"},
    {"publish_qos_0_dup", v5, kServer, "38 04 00 01 'a' 00", kMalformed, "DUP flag", "v5 [MQTT-3.3.1-2]"},
    {"length_five_bytes", v5, kServer, "30 FF FF FF FF 01", kMalformed, "takes more than four bytes",
     "v5 1.5.5"},
    {"length_five_zeroes", v5, kServer, "30 80 80 80 80 00", kMalformed, "takes more than four bytes"},
    {"length_not_minimal", v5, kServer, "D0 80 00", kMalformed, "as few bytes as possible",
     "v5 [MQTT-1.5.5-1]"},
    {"length_not_minimal_4", v5, kServer, "D0 80 80 80 00", kMalformed, "as few bytes", "v5 [MQTT-1.5.5-1]"},
    {"length_not_minimal_publish", v5, kServer, "30 84 00 00 01 'a' 00", kMalformed, "as few bytes",
     "v5 [MQTT-1.5.5-1]"},
    {"connect_from_server", v5, kServer, "10 00", kProtocol, "is not one that a server may send"},
    {"subscribe_from_server", v5, kServer, "82 00", kProtocol, "is not one that a server may send"},
    {"unsubscribe_from_server", v5, kServer, "A2 00", kProtocol, "is not one that a server may send"},
    {"pingreq_from_server", v5, kServer, "C0 00", kProtocol, "PINGREQ breaks the protocol"},
    {"disconnect_from_old_server", v3_1_1, kServer, "E0 00", kProtocol, "is not one that a server may send"},
    {"connack_from_client", v5, kClient, "20 03 00 00 00", kProtocol, "is not one that a client may send"},
    {"suback_from_client", v5, kClient, "90 00", kProtocol, "is not one that a client may send"},
    {"unsuback_from_client", v5, kClient, "B0 00", kProtocol, "is not one that a client may send"},
    {"pingresp_from_client", v5, kClient, "D0 00", kProtocol, "is not one that a client may send"},
    {"pingresp_with_body", v5, kServer, "D0 01 00", kMalformed, "goes on after its last field"},
    {"pingreq_with_body", v3_1_1, kClient, "C0 01 00", kMalformed, "goes on after its last field"},
};

constexpr Row kPublish[] = {
    {"no_body", v5, kServer, "30 00", kMalformed, "the Topic Name is cut off"},
    {"topic_cut_off", v5, kServer, "30 03 00 02 'a'", kMalformed, "the Topic Name is cut off"},
    {"packet_id_cut_off", v3_1_1, kServer, "32 04 00 01 'a' 00", kMalformed,
     "the Packet Identifier is cut off"},
    {"packet_id_0", v5, kServer, "32 06 00 01 'a' 00 00 00", kProtocol, "the Packet Identifier is 0",
     "v5 [MQTT-2.2.1-4]"},
    {"packet_id_0_old", v3_1_1, kServer, "34 05 00 01 'a' 00 00", kProtocol, "is 0", "v3.1.1 [MQTT-2.3.1-1]"},
    {"no_property_length", v5, kServer, "30 03 00 01 'a'", kMalformed, "the Property Length is cut off"},
    {"topic_empty_old", v3_1_1, kServer, "30 02 00 00", kMalformed, "is empty", "v3.1.1 [MQTT-4.7.3-1]"},
    {"topic_empty_no_alias", v5, kServer, "30 03 00 00 00", kProtocol, "no Topic Alias stands for it"},
    {"topic_plus", v5, kServer, "30 04 00 01 '+' 00", kMalformed, "contains a wildcard", "v5 [MQTT-3.3.2-2]"},
    {"topic_hash", v3_1_1, kServer, "30 05 00 03 'a/#'", kMalformed, "contains a wildcard",
     "v3.1.1 [MQTT-3.3.2-2]"},
    {"topic_hash_in_long_text", v5, kServer, "30 14 00 11 'abcdefghijklmnop#' 00", kMalformed,
     "contains a wildcard"},
    {"topic_plus_in_first_word", v5, kServer, "30 14 00 11 'abc+efghijklmnopq' 00", kMalformed,
     "contains a wildcard"},
    {"topic_nul", v5, kServer, "30 06 00 03 'a' 00 'b' 00", kMalformed, "contains U+0000",
     "v5 [MQTT-1.5.4-2]"},
    {"topic_nul_old", v3_1_1, kServer, "30 0C 00 0A 'abcdefgh' 00 'b'", kMalformed, "contains U+0000",
     "v3.1.1 [MQTT-1.5.3-2]"},
    {"topic_surrogate", v5, kServer, "30 06 00 03 ED A0 80 00", kMalformed, "not well-formed UTF-8",
     "v5 [MQTT-1.5.4-1]"},
    {"topic_low_surrogate", v3_1_1, kServer, "30 05 00 03 ED BF BF", kMalformed, "not well-formed",
     "v3.1.1 [MQTT-1.5.3-1]"},
    {"topic_overlong_2", v5, kServer, "30 05 00 02 C0 AF 00", kMalformed, "not well-formed"},
    {"topic_overlong_nul", v5, kServer, "30 05 00 02 C0 80 00", kMalformed, "not well-formed"},
    {"topic_overlong_3", v5, kServer, "30 06 00 03 E0 80 AF 00", kMalformed, "not well-formed"},
    {"topic_overlong_4", v5, kServer, "30 07 00 04 F0 80 80 AF 00", kMalformed, "not well-formed"},
    {"topic_above_10ffff", v5, kServer, "30 07 00 04 F4 90 80 80 00", kMalformed, "not well-formed"},
    {"topic_lead_f5", v5, kServer, "30 07 00 04 F5 80 80 80 00", kMalformed, "not well-formed"},
    {"topic_continuation_alone", v5, kServer, "30 04 00 01 80 00", kMalformed, "not well-formed"},
    {"topic_sequence_cut_off", v5, kServer, "30 05 00 02 E2 82 00", kMalformed, "not well-formed"},
    {"topic_bad_in_last_word", v5, kServer, "30 14 00 11 'abcdefghijklmnop' FF 00", kMalformed,
     "not well-formed"},
};

// PUBLISH with topic "a" and one block of properties, unless the property belongs elsewhere.
constexpr Row kProperties[] = {
    {"length_beyond_packet", v5, kServer, "30 05 00 01 'a' 05 01", kMalformed,
     "goes beyond the end of the packet"},
    {"length_not_minimal", v5, kServer, "30 05 00 01 'a' 80 00", kMalformed,
     "the Property Length is not encoded"},
    {"length_five_bytes", v5, kServer, "30 08 00 01 'a' FF FF FF FF 01", kMalformed,
     "takes more than four bytes"},
    {"length_ends_inside_value", v5, kServer, "30 07 00 01 'a' 02 02 00 00", kMalformed,
     "Message Expiry Interval is cut off"},
    {"identifier_unknown", v5, kServer, "30 06 00 01 'a' 02 04 00", kMalformed, "is unknown (4)",
     "v5 2.2.2.2"},
    {"identifier_above_table", v5, kServer, "30 06 00 01 'a' 02 2B 00", kMalformed, "is unknown (43, 0x2B)"},
    {"identifier_two_bytes", v5, kServer, "30 07 00 01 'a' 03 81 00 00", kMalformed,
     "is unknown (129, 0x81)"},
    {"identifier_0", v5, kServer, "30 06 00 01 'a' 02 00 00", kMalformed, "is unknown (0)"},
    {"not_of_publish", v5, kServer, "30 07 00 01 'a' 03 21 00 01", kMalformed,
     "Receive Maximum is not a property"},
    {"not_of_puback", v5, kServer, "40 06 00 01 00 02 01 00", kMalformed,
     "Payload Format Indicator is not a property"},
    {"not_of_connack", v5, kServer, "20 05 00 00 02 17 00", kMalformed,
     "Request Problem Information is not a property"},
    {"not_of_suback", v5, kServer, "90 06 00 01 02 0B 01 00", kMalformed,
     "Subscription Identifier is not a property"},
    {"not_of_connect", v5, kClient, "10 0F 00 04 'MQTT' 05 02 00 00 02 01 00 00 00", kMalformed,
     "is not a property"},
    {"not_of_unsubscribe", v5, kClient, "A2 08 00 01 02 0B 01 00 01 'a'", kMalformed, "is not a property"},
    {"twice", v5, kServer, "30 08 00 01 'a' 04 01 00 01 00", kProtocol,
     "Payload Format Indicator occurs more than once"},
    {"twice_text", v5, kServer, "30 0A 00 01 'a' 06 03 00 00 03 00 00", kProtocol,
     "Content Type occurs more than once"},
    {"twice_in_subscribe", v5, kClient, "82 0B 00 01 04 0B 01 0B 02 00 01 'a' 00", kProtocol,
     "occurs more than once"},
    {"text_cut_off", v5, kServer, "30 08 00 01 'a' 04 03 00 02 'x'", kMalformed, "Content Type is cut off"},
    {"binary_cut_off", v5, kServer, "30 06 00 01 'a' 02 09 00", kMalformed, "Correlation Data is cut off"},
    {"two_bytes_cut_off", v5, kServer, "30 06 00 01 'a' 02 23 00", kMalformed, "Topic Alias is cut off"},
    {"byte_cut_off", v5, kServer, "30 05 00 01 'a' 01 01", kMalformed, "Payload Format Indicator is cut off"},
    {"variable_cut_off", v5, kServer, "30 06 00 01 'a' 02 0B 80", kMalformed,
     "Subscription Identifier is cut off"},
    {"pair_cut_off", v5, kServer, "30 09 00 01 'a' 05 26 00 01 'k' 00", kMalformed,
     "the value of a User Property is cut off"},
    {"pair_not_utf8", v5, kServer, "30 0B 00 01 'a' 07 26 00 01 FF 00 01 'v'", kMalformed,
     "the name of a User Property is not well-formed"},
    {"content_type_not_utf8", v5, kServer, "30 08 00 01 'a' 04 03 00 01 FF", kMalformed,
     "Content Type is not well-formed"},
    {"payload_format_2", v5, kServer, "30 06 00 01 'a' 02 01 02", kProtocol, "is neither 0 nor 1 (2)"},
    {"topic_alias_0", v5, kServer, "30 07 00 01 'a' 03 23 00 00", Error::topic_alias_invalid,
     "Topic Alias is 0", "v5 [MQTT-3.3.2-8]"},
    {"response_topic_wildcard", v5, kServer, "30 08 00 01 'a' 04 08 00 01 '#'", kMalformed,
     "Response Topic contains a wildcard", "v5 [MQTT-3.3.2-14]"},
    {"response_topic_empty", v5, kServer, "30 07 00 01 'a' 03 08 00 00", kMalformed,
     "Response Topic is empty", "v5 [MQTT-4.7.3-1]"},
    {"identifier_0_value", v5, kServer, "30 06 00 01 'a' 02 0B 00", kProtocol,
     "Subscription Identifier is 0"},
    {"identifier_not_minimal", v5, kServer, "30 07 00 01 'a' 03 0B 81 00", kMalformed,
     "as few bytes as possible", "v5 [MQTT-1.5.5-1]"},
    {"identifier_from_client", v5, kClient, "30 06 00 01 'a' 02 0B 01", kProtocol,
     "may not come from a client", "v5 [MQTT-3.3.4-6]"},
    {"receive_maximum_0", v5, kServer, "20 06 00 00 03 21 00 00", kProtocol, "Receive Maximum is 0",
     "v5 3.2.2.3.3"},
    {"maximum_packet_size_0", v5, kServer, "20 08 00 00 05 27 00 00 00 00", kProtocol,
     "Maximum Packet Size is 0"},
    {"maximum_qos_2", v5, kServer, "20 05 00 00 02 24 02", kProtocol, "Maximum QoS is neither 0 nor 1"},
    {"retain_available_2", v5, kServer, "20 05 00 00 02 25 02", kProtocol,
     "Retain Available is neither 0 nor 1"},
    {"wildcard_available_2", v5, kServer, "20 05 00 00 02 28 02", kProtocol, "is neither 0 nor 1"},
    {"shared_available_255", v5, kServer, "20 05 00 00 02 2A FF", kProtocol, "is neither 0 nor 1"},
    {"session_expiry_from_server", v5, kServer, "E0 07 00 05 11 00 00 00 01", kProtocol,
     "may not come from a server", "v5 [MQTT-3.14.2-2]"},
};

constexpr Row kAcks[] = {
    {"puback_no_body", v5, kServer, "40 00", kMalformed, "the Packet Identifier is cut off"},
    {"puback_one_byte", v3_1_1, kServer, "40 01 00", kMalformed, "the Packet Identifier is cut off"},
    {"puback_id_0", v5, kServer, "40 02 00 00", kProtocol,
     "PUBACK breaks the protocol: the Packet Identifier is 0"},
    {"puback_old_too_long", v3_1_1, kServer, "40 03 00 01 00", kMalformed, "goes on after its last field"},
    {"puback_trailing", v5, kServer, "40 05 00 01 00 00 00", kMalformed, "goes on after its last field"},
    {"puback_reason", v5, kServer, "40 03 00 01 92", kMalformed, "(146, 0x92)", "v5 [MQTT-3.4.2-1]"},
    {"pubrec_reason", v5, kServer, "50 03 00 01 01", kMalformed, "the Reason Code", "v5 [MQTT-3.5.2-1]"},
    {"pubrel_reason", v5, kServer, "62 03 00 01 10", kMalformed, "the Reason Code", "v5 [MQTT-3.6.2-1]"},
    {"pubcomp_reason", v5, kServer, "70 03 00 01 80", kMalformed, "the Reason Code", "v5 [MQTT-3.7.2-1]"},
    {"pubcomp_property_length_cut", v5, kServer, "70 05 00 01 00 80 00", kMalformed, "the Property Length"},
    {"suback_no_codes", v5, kServer, "90 03 00 01 00", kMalformed, "has no Reason Code", "v5 [MQTT-3.8.4-6]"},
    {"suback_no_codes_old", v3_1_1, kServer, "90 02 00 01", kMalformed, "has no Reason Code",
     "v3.1.1 [MQTT-3.8.4-5]"},
    {"suback_reason", v5, kServer, "90 04 00 01 00 03", kMalformed, "a Reason Code", "v5 [MQTT-3.9.3-2]"},
    {"suback_reason_old", v3_1_1, kServer, "90 03 00 01 87", kMalformed, "a Reason Code",
     "v3.1.1 [MQTT-3.9.3-2]"},
    {"suback_id_0", v5, kServer, "90 04 00 00 00 00", kProtocol, "is 0"},
    {"unsuback_no_codes", v5, kServer, "B0 03 00 01 00", kMalformed, "has no Reason Code"},
    {"unsuback_reason", v5, kServer, "B0 04 00 01 00 01", kMalformed, "a Reason Code", "v5 [MQTT-3.11.3-2]"},
    {"unsuback_old_too_long", v3_1_1, kServer, "B0 03 00 01 00", kMalformed, "goes on after its last field"},
};

constexpr Row kConnection[] = {
    {"connect_protocol_name", v5, kClient, "10 0D 00 04 'MQTX' 05 02 00 00 00 00 00", Error::not_supported,
     "is not 3.1, 3.1.1 or 5.0", "v5 [MQTT-3.1.2-1]"},
    {"connect_level_6", v5, kClient, "10 0D 00 04 'MQTT' 06 02 00 00 00 00 00", Error::not_supported, "(6)",
     "v5 [MQTT-3.1.2-2]"},
    {"connect_level_3_of_mqtt", v5, kClient, "10 0C 00 04 'MQTT' 03 02 00 00 00 00", Error::not_supported,
     "(3)", "v3.1.1 [MQTT-3.1.2-2]"},
    {"connect_name_of_3_1_with_level_4", v3_1_1, kClient, "10 0E 00 06 'MQIsdp' 04 02 00 00 00 00",
     Error::not_supported, "(4)", "v3.1.1 [MQTT-3.1.2-1]"},
    {"connect_reserved_flag", v5, kClient, "10 0D 00 04 'MQTT' 05 03 00 00 00 00 00", kMalformed,
     "reserved Connect Flag", "v5 [MQTT-3.1.2-3]"},
    {"connect_reserved_flag_old", v3_1_1, kClient, "10 0C 00 04 'MQTT' 04 03 00 00 00 00", kMalformed,
     "reserved Connect Flag", "v3.1.1 [MQTT-3.1.2-3]"},
    {"connect_will_qos_no_will", v5, kClient, "10 0D 00 04 'MQTT' 05 0A 00 00 00 00 00", kMalformed,
     "the Will QoS is not 0", "v5 [MQTT-3.1.2-11]"},
    {"connect_will_retain_no_will", v5, kClient, "10 0D 00 04 'MQTT' 05 22 00 00 00 00 00", kMalformed,
     "Will Retain", "v5 [MQTT-3.1.2-13]"},
    {"connect_will_qos_3", v5, kClient, "10 0D 00 04 'MQTT' 05 1E 00 00 00 00 00", kMalformed,
     "the Will QoS is 3", "v5 [MQTT-3.1.2-12]"},
    {"connect_password_alone_old", v3_1_1, kClient, "10 0E 00 04 'MQTT' 04 42 00 00 00 00 00 00", kMalformed,
     "there is no user name", "v3.1.1 [MQTT-3.1.2-22]"},
    {"connect_user_name_missing", v5, kClient, "10 0D 00 04 'MQTT' 05 82 00 00 00 00 00", kMalformed,
     "the User Name is cut off", "v5 [MQTT-3.1.2-17]"},
    {"connect_password_missing", v5, kClient, "10 0D 00 04 'MQTT' 05 42 00 00 00 00 00", kMalformed,
     "the Password is cut off", "v5 [MQTT-3.1.2-19]"},
    {"connect_password_unasked", v5, kClient, "10 0F 00 04 'MQTT' 05 02 00 00 00 00 00 00 00", kMalformed,
     "goes on after its last field", "v5 [MQTT-3.1.2-18]"},
    {"connect_client_id_not_utf8", v5, kClient, "10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 FF", kMalformed,
     "the Client Identifier is not", "v5 [MQTT-3.1.3-4]"},
    {"connect_will_topic_wildcard", v3_1_1, kClient, "10 11 00 04 'MQTT' 04 06 00 00 00 00 00 01 '#' 00 00",
     kMalformed, "the Will Topic contains a wildcard"},
    {"connect_will_topic_empty", v3_1_1, kClient, "10 10 00 04 'MQTT' 04 06 00 00 00 00 00 00 00 00",
     kMalformed, "the Will Topic is empty"},
    {"connect_data_no_method", v5, kClient, "10 10 00 04 'MQTT' 05 02 00 00 03 16 00 00 00 00", kProtocol,
     "without an Authentication Method"},
    {"connack_empty", v5, kServer, "20 00", kMalformed, "Connect Acknowledge Flags is cut off"},
    {"connack_no_properties", v5, kServer, "20 02 00 00", kMalformed, "the Property Length is cut off"},
    {"connack_reserved_flags", v5, kServer, "20 03 02 00 00", kMalformed, "have a reserved bit set",
     "v5 [MQTT-3.2.2-1]"},
    {"connack_reserved_flags_old", v3_1_1, kServer, "20 02 80 00", kMalformed, "have a reserved bit set"},
    {"connack_present_but_refused", v5, kServer, "20 03 01 87 00", kProtocol, "Session Present",
     "v5 [MQTT-3.2.2-6]"},
    {"connack_present_but_refused_old", v3_1_1, kServer, "20 02 01 05", kProtocol, "Session Present",
     "v3.1.1 [MQTT-3.2.2-4]"},
    {"connack_reason", v5, kServer, "20 03 00 8E 00", kMalformed, "(142, 0x8E)", "v5 [MQTT-3.2.2-8]"},
    {"connack_old_code_in_new_form", v5, kServer, "20 03 00 01 00", kMalformed, "the Reason Code"},
    {"connack_old_code_6", v3_1_1, kServer, "20 02 00 06", kMalformed, "is reserved (6)", "3.1.1, table 3.1"},
    {"connack_old_code_6_to_new", v5, kServer, "20 02 00 06", kMalformed, "the Reason Code"},
    {"connack_old_trailing", v3_1_1, kServer, "20 03 00 00 00", kMalformed, "goes on after its last field"},
    {"disconnect_reason", v5, kServer, "E0 01 01", kMalformed, "the Reason Code", "v5 [MQTT-3.14.2-1]"},
    {"disconnect_trailing", v5, kServer, "E0 03 00 00 00", kMalformed, "goes on after its last field"},
    {"disconnect_old_body", v3_1_1, kClient, "E0 01 00", kMalformed, "goes on after its last field"},
    {"auth_reason", v5, kServer, "F0 02 1A 00", kMalformed, "the Reason Code", "v5 [MQTT-3.15.2-1]"},
    {"auth_no_method", v5, kServer, "F0 02 18 00", kProtocol, "the Authentication Method is missing"},
    {"auth_no_method_short", v5, kServer, "F0 01 18", kProtocol, "the Authentication Method is missing"},
    {"auth_reauthenticate_by_server", v5, kServer, "F0 06 19 04 15 00 01 'm'", kProtocol,
     "this side may send"},
    {"auth_success_by_client", v5, kClient, "F0 00", kProtocol, "this side may send"},
};

constexpr Row kSubscribe[] = {
    {"subscribe_id_0", v5, kClient, "82 07 00 00 00 00 01 'a' 00", kProtocol, "is 0", "v5 [MQTT-2.2.1-3]"},
    {"subscribe_no_filter", v5, kClient, "82 03 00 01 00", kProtocol, "has no Topic Filter",
     "v5 [MQTT-3.8.3-2]"},
    {"subscribe_no_filter_old", v3_1_1, kClient, "82 02 00 01", kProtocol, "has no Topic Filter",
     "v3.1.1 [MQTT-3.8.3-3]"},
    {"subscribe_filter_empty", v5, kClient, "82 06 00 01 00 00 00 00", kMalformed, "a Topic Filter is empty",
     "v5 [MQTT-4.7.3-1]"},
    {"subscribe_no_options", v5, kClient, "82 06 00 01 00 00 01 'a'", kMalformed,
     "the Subscription Options is cut off"},
    {"subscribe_filter_not_utf8", v5, kClient, "82 07 00 01 00 00 01 FF 00", kMalformed, "not well-formed",
     "v5 [MQTT-3.8.3-1]"},
    {"subscribe_qos_3", v5, kClient, "82 07 00 01 00 00 01 'a' 03", kProtocol,
     "the Maximum QoS of a subscription is 3"},
    {"subscribe_qos_3_old", v3_1_1, kClient, "82 06 00 01 00 01 'a' 03", kMalformed, "the Requested QoS is 3",
     "v3.1.1 [MQTT-3.8.3-4]"},
    {"subscribe_reserved", v5, kClient, "82 07 00 01 00 00 01 'a' 40", kMalformed, "reserved bit",
     "v5 [MQTT-3.8.3-5]"},
    {"subscribe_reserved_old", v3_1_1, kClient, "82 06 00 01 00 01 'a' 04", kMalformed, "reserved bit",
     "v3.1.1 [MQTT-3.8.3-4]"},
    {"subscribe_retain_handling_3", v5, kClient, "82 07 00 01 00 00 01 'a' 30", kProtocol,
     "the Retain Handling is 3"},
    {"subscribe_no_local_shared", v5, kClient, "82 10 00 01 00 00 0A '$share/g/a' 04", kProtocol, "No Local",
     "v5 [MQTT-3.8.3-4]"},
    {"unsubscribe_no_filter", v5, kClient, "A2 03 00 01 00", kProtocol, "has no Topic Filter",
     "v5 [MQTT-3.10.3-2]"},
    {"unsubscribe_filter_cut_off", v3_1_1, kClient, "A2 05 00 01 00 02 'a'", kMalformed,
     "a Topic Filter is cut off"},
    {"unsubscribe_filter_nul", v5, kClient, "A2 06 00 01 00 00 01 00", kMalformed, "contains U+0000",
     "v5 [MQTT-3.10.3-1]"},
};

// Calls `visit(row, input, options)` for each row of each table.
template <class Visit>
void for_each_row(const Visit& visit) {
    for (const std::span<const Row> table :
         {std::span<const Row>{kFixedHeader}, std::span<const Row>{kPublish},
          std::span<const Row>{kProperties}, std::span<const Row>{kAcks}, std::span<const Row>{kConnection},
          std::span<const Row>{kSubscribe}}) {
        for (const Row& row : table) {
            SCOPED_TRACE(std::string{row.name} + ": " + row.bytes + " " + row.spec);
            visit(row, bytes(row.bytes), DecodeOptions{.version = row.version, .sender = row.sender});
        }
    }
}

TEST(RejectionTest, NamesThePacketTheFieldAndTheRule) {
    for_each_row([](const Row& row, const ByteVector& input, const DecodeOptions& options) {
        const Decoded decoded = decode(input, options);
        EXPECT_EQ(decoded.status, DecodeStatus::failed);
        EXPECT_EQ(decoded.failure.error, row.error) << decoded.failure.message();
        EXPECT_TRUE(is_failure(decoded.failure.reason_code));
        EXPECT_THAT(decoded.failure.message(), testing::HasSubstr(row.words));
        EXPECT_EQ(decoded.failure.failure().message, decoded.failure.message());
    });
}

TEST(RejectionTest, FailsForTheSameReasonHoweverManyBytesFollow) {
    for_each_row([](const Row&, ByteVector input, const DecodeOptions& options) {
        const std::string message = decode(input, options).failure.message();
        input.resize(input.size() + 70'000, std::byte{0x30});
        EXPECT_EQ(decode(input, options).failure.message(), message);
    });
}

TEST(RejectionTest, WaitsOrFailsForTheSameReasonWithFewerBytes) {
    for_each_row([](const Row&, const ByteVector& input, const DecodeOptions& options) {
        const std::string message = decode(input, options).failure.message();
        for (std::size_t size = 0; size < input.size(); ++size) {
            const ByteVector prefix{input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size)};
            const Decoded decoded = decode(prefix, options);
            ASSERT_NE(decoded.status, DecodeStatus::packet);
            if (decoded.status == DecodeStatus::failed) {
                EXPECT_EQ(decoded.failure.message(), message);
            }
        }
    });
}

TEST(HostileHeaderTest, OfAQuarterGigabyteIsRefusedBeforeItsBodyArrives) {
    const Decoded decoded = decode(bytes("30 FF FF FF 7F"), {.packet_bytes_max = 1'000'000});
    ASSERT_EQ(decoded.status, DecodeStatus::failed);
    EXPECT_EQ(decoded.failure.error, Error::packet_too_large);
    EXPECT_EQ(decoded.failure.reason_code, ReasonCode::packet_too_large);
    EXPECT_EQ(decoded.failure.message(),
              "PUBLISH is too large: its size exceeds our Maximum Packet Size (268435460).");
}

TEST(HostileHeaderTest, OfAQuarterGigabyteSaysWhatIsMissingWhenItIsAllowed) {
    const Decoded decoded = decode(bytes("30 FF FF FF 7F"), {});
    ASSERT_EQ(decoded.status, DecodeStatus::need_more);
    EXPECT_EQ(decoded.bytes, 268'435'455U);
}

}  // namespace
}  // namespace multimqtt::wire
