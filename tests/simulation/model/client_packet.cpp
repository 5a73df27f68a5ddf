// What the trace says about the packets of a client.
#include "client_packet.hpp"

namespace multimqtt::simulation {
namespace {

std::string describe(const ReceivedConnect& packet) {
    return "CONNECT level " + std::to_string(packet.level) + " client \"" + packet.client_id + "\" clean " +
           (packet.clean_start ? "1" : "0") + " keep-alive " + std::to_string(packet.keep_alive_s);
}

std::string describe(const ReceivedPublish& packet) {
    std::string text = "PUBLISH";
    if (packet.qos > 0) {
        text += " id " + std::to_string(packet.packet_id);
    }
    text +=
        " qos " + std::to_string(packet.qos) + (packet.dup ? " DUP" : "") + (packet.retain ? " RETAIN" : "");
    text += " \"" + packet.topic + "\"";
    if (const Property* const alias = find(packet.properties, PropertyId::topic_alias)) {
        text += " alias " + std::to_string(alias->number);
    }
    return text + " " + packet.payload.substr(0, packet.payload.find(':')) + " (" +
           std::to_string(packet.payload.size()) + " bytes)";
}

std::string describe(const ReceivedAck& packet) {
    constexpr const char* kNames[] = {"PUBACK", "PUBREC", "PUBREL", "PUBCOMP"};
    std::string text = kNames[static_cast<unsigned>(packet.type) - 4];
    text += " id " + std::to_string(packet.packet_id);
    return packet.reason == 0 ? text : text + " reason " + std::to_string(packet.reason);
}

std::string describe(const ReceivedSubscribe& packet) {
    std::string text = "SUBSCRIBE id " + std::to_string(packet.packet_id);
    for (const RequestedFilter& requested : packet.filters) {
        text += " \"" + requested.filter + "\" qos " + std::to_string(requested.qos);
    }
    return text;
}

std::string describe(const ReceivedUnsubscribe& packet) {
    std::string text = "UNSUBSCRIBE id " + std::to_string(packet.packet_id);
    for (const std::string& filter : packet.filters) {
        text += " \"" + filter + "\"";
    }
    return text;
}

std::string describe(const ReceivedPingreq&) {
    return "PINGREQ";
}

std::string describe(const ReceivedDisconnect& packet) {
    return "DISCONNECT reason " + std::to_string(packet.reason);
}

}  // namespace

std::string to_string(const ClientPacket& packet) {
    return std::visit([](const auto& known) { return describe(known); }, packet);
}

}  // namespace multimqtt::simulation
