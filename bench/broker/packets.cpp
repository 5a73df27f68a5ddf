// The little of MQTT 3.1.1 and 5.0 that the bench broker speaks.
#include "packets.hpp"

namespace bench {

void append_u16(std::string& out, std::size_t value) {
    out.push_back(static_cast<char>((value >> 8) & 0xFF));
    out.push_back(static_cast<char>(value & 0xFF));
}

void append_variable(std::string& out, std::size_t value) {
    do {
        const std::size_t rest = value / 128;
        out.push_back(static_cast<char>((value % 128) | (rest > 0 ? 128 : 0)));
        value = rest;
    } while (value > 0);
}

void append_text(std::string& out, std::string_view text) {
    append_u16(out, text.size());
    out.append(text);
}

void append_publish(std::string& out, const Publish& publish, bool version5) {
    out.push_back(static_cast<char>((static_cast<int>(PacketType::publish) << 4) | (publish.qos << 1)));
    append_variable(out, 2 + publish.topic.size() + (publish.qos > 0 ? 2 : 0) + (version5 ? 1 : 0) +
                             publish.payload.size());
    append_text(out, publish.topic);
    if (publish.qos > 0) append_u16(out, publish.packet_id);
    if (version5) out.push_back(0);
    out.append(publish.payload);
}

bool matches(std::string_view filter, std::string_view topic) {
    while (true) {
        const std::size_t filter_end = filter.find('/');
        const std::size_t topic_end = topic.find('/');
        const std::string_view level = filter.substr(0, filter_end);
        if (level == "#") return true;
        if (level != "+" && level != topic.substr(0, topic_end)) return false;
        if (filter_end == filter.npos) return topic_end == topic.npos;
        if (topic_end == topic.npos) return filter.substr(filter_end + 1) == "#";
        filter.remove_prefix(filter_end + 1);
        topic.remove_prefix(topic_end + 1);
    }
}

}  // namespace bench
