// The table of all keyword arguments of `Client`, and what each of them sets.
#include "option_fields.hpp"

#include "field.hpp"

#include <algorithm>
#include <iterator>

namespace multimqtt::bindings {
namespace {

struct Row {
    const char* name;
    void (*set)(ClientFields& fields, const Field& field);
};

void set_endpoints(ClientFields& fields, const Field& field) {
    if (PyUnicode_Check(field.value().ptr()) || !PySequence_Check(field.value().ptr())) {
        field.refuse_type("a sequence of Endpoint");
    }
    fields.options.endpoints.clear();
    for (nb::handle item : nb::iter(field.value())) {
        if (!nb::isinstance<Endpoint>(item)) {
            Field{"endpoints", item}.refuse_type("a sequence of Endpoint");
        }
        fields.options.endpoints.push_back(nb::cast<Endpoint>(item));
    }
}

void set_version(ClientFields& fields, const Field& field) {
    if (!PyLong_Check(field.value().ptr())) {
        fields.options.version = field.choice<VersionPolicy>({{"auto", VersionPolicy::automatic},
                                                              {"3.1", VersionPolicy::v3_1},
                                                              {"3.1.1", VersionPolicy::v3_1_1},
                                                              {"5", VersionPolicy::v5}});
        return;
    }
    switch (const auto level = field.integer<std::uint8_t>(); level) {
        case 3:
            fields.options.version = VersionPolicy::v3_1;
            break;
        case 4:
            fields.options.version = VersionPolicy::v3_1_1;
            break;
        case 5:
            fields.options.version = VersionPolicy::v5;
            break;
        default:
            field.refuse(std::to_string(level), "\"auto\", 3, 4 or 5");
    }
}

std::optional<std::string> optional_text(const Field& field) {
    return field.is_none() ? std::nullopt : std::optional{field.text()};
}

void set_will_topic(ClientFields& fields, const Field& field) {
    if (!field.is_none()) {
        fields.options.will.emplace().topic = field.text();
    }
}

// The row of `will_topic` comes before those of the other parts of the will.
Will& will_of(ClientFields& fields) {
    if (!fields.options.will) {
        throw_failure(
            {Error::bad_config, "a will needs will_topic; give it, or leave the other will_ options"});
    }
    return *fields.options.will;
}

void set_message_type(ClientFields& fields, const Field& field) {
    if (!PyType_Check(field.value().ptr())) {
        field.refuse_type("a subclass of Message");
    }
    fields.message_type = nb::borrow(field.value());
}

constexpr Row kRows[] = {
    {"uri", [](ClientFields& f, const Field& v) { f.options = value_of(Options::from_uri(v.text())); }},
    {"endpoints", &set_endpoints},
    {"username", [](ClientFields& f, const Field& v) { f.options.username = optional_text(v); }},
    {"password", [](ClientFields& f, const Field& v) { f.options.password = optional_text(v); }},
    {"prefix", [](ClientFields& f, const Field& v) { f.options.prefix = v.text(); }},
    {"client_id", [](ClientFields& f, const Field& v) { f.options.client_id = v.text(); }},
    {"version", &set_version},
    {"connect_properties",
     [](ClientFields& f, const Field& v) { f.options.connect_properties = v.user_properties(); }},

    {"tls_ca_certs", [](ClientFields& f, const Field& v) { f.options.tls.ca_certs = v.text(); }},
    {"tls_certfile", [](ClientFields& f, const Field& v) { f.options.tls.certfile = v.text(); }},
    {"tls_keyfile", [](ClientFields& f, const Field& v) { f.options.tls.keyfile = v.text(); }},
    {"tls_key_password", [](ClientFields& f, const Field& v) { f.options.tls.key_password = v.text(); }},
    {"tls_server_name", [](ClientFields& f, const Field& v) { f.options.tls.server_name = v.text(); }},
    {"tls_min_version", [](ClientFields& f, const Field& v) { f.options.tls.min_version = v.text(); }},
    {"tls_ciphers", [](ClientFields& f, const Field& v) { f.options.tls.ciphers = v.text(); }},
    {"tls_alpn", [](ClientFields& f, const Field& v) { f.options.tls.alpn = v.texts(); }},
    {"tls_insecure", [](ClientFields& f, const Field& v) { f.options.tls.insecure = v.flag(); }},

    {"will_topic", &set_will_topic},
    {"will_payload", [](ClientFields& f, const Field& v) { will_of(f).payload = v.text_or_bytes(); }},
    {"will_qos", [](ClientFields& f, const Field& v) { will_of(f).qos = v.qos(); }},
    {"will_retain", [](ClientFields& f, const Field& v) { will_of(f).retain = v.flag(); }},
    {"will_delay_s", [](ClientFields& f, const Field& v) { will_of(f).delay = v.seconds(); }},
    {"will_content_type", [](ClientFields& f, const Field& v) { will_of(f).content_type = v.text(); }},
    {"will_user_properties",
     [](ClientFields& f, const Field& v) { will_of(f).user_properties = v.user_properties(); }},

    {"clean_start", [](ClientFields& f, const Field& v) { f.options.clean_start = v.flag(); }},
    {"session_expiry_s", [](ClientFields& f, const Field& v) { f.options.session_expiry = v.seconds(); }},
    {"keep_alive_s", [](ClientFields& f, const Field& v) { f.options.keep_alive = v.seconds(); }},
    {"connect_timeout_s",
     [](ClientFields& f, const Field& v) { f.options.connect_timeout = v.milliseconds(); }},
    {"receive_maximum",
     [](ClientFields& f, const Field& v) { f.options.receive_maximum = v.integer<std::uint16_t>(); }},
    {"inflight_max",
     [](ClientFields& f, const Field& v) { f.options.inflight_max = v.integer<std::uint16_t>(); }},
    {"topic_alias_maximum",
     [](ClientFields& f, const Field& v) { f.options.topic_alias_maximum = v.integer<std::uint16_t>(); }},
    {"topic_aliases_out_max",
     [](ClientFields& f, const Field& v) { f.options.topic_aliases_out_max = v.integer<std::uint16_t>(); }},
    {"packet_bytes_max",
     [](ClientFields& f, const Field& v) { f.options.packet_bytes_max = v.integer<std::uint32_t>(); }},

    {"reconnect_min_s", [](ClientFields& f, const Field& v) { f.options.reconnect_min = v.milliseconds(); }},
    {"reconnect_max_s", [](ClientFields& f, const Field& v) { f.options.reconnect_max = v.milliseconds(); }},
    {"lost_session",
     [](ClientFields& f, const Field& v) {
         f.options.lost_session = v.choice<LostSession>(
             {{"publish_again", LostSession::publish_again}, {"fail", LostSession::fail}});
     }},

    {"outbox_bytes_max",
     [](ClientFields& f, const Field& v) { f.options.outbox_bytes_max = v.integer<std::size_t>(); }},
    {"outbox_messages_max",
     [](ClientFields& f, const Field& v) { f.options.outbox_messages_max = v.integer<std::size_t>(); }},
    {"outbox_full",
     [](ClientFields& f, const Field& v) {
         f.options.outbox_full = v.choice<OutboxFull>({{"block", OutboxFull::block},
                                                       {"raise", OutboxFull::raise},
                                                       {"drop_oldest", OutboxFull::drop_oldest}});
     }},
    {"outbox_block_timeout_s",
     [](ClientFields& f, const Field& v) { f.options.outbox_block_timeout = v.milliseconds(); }},
    {"inbox_bytes_max",
     [](ClientFields& f, const Field& v) { f.options.inbox_bytes_max = v.integer<std::size_t>(); }},
    {"inbox_messages_max",
     [](ClientFields& f, const Field& v) { f.options.inbox_messages_max = v.integer<std::size_t>(); }},
    {"quick_handler_us",
     [](ClientFields& f, const Field& v) {
         f.options.quick_handler = std::chrono::microseconds{v.integer<std::uint32_t>()};
     }},
    {"drain_s", [](ClientFields& f, const Field& v) { f.options.drain = v.milliseconds(); }},
    {"message_type", &set_message_type},
};

void check_names(const nb::kwargs& fields) {
    for (auto [key, value] : fields) {
        const std::string name = Field{"the name of an option", key}.text();
        const bool known =
            std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) { return name == row.name; });
        if (!known) {
            PyErr_Format(PyExc_TypeError, "Client() got an unexpected argument '%s'", name.c_str());
            throw nb::python_error();
        }
    }
}

}  // namespace

ClientFields read_client_fields(const nb::kwargs& fields) {
    check_names(fields);
    ClientFields read;
    // In the order of the table, so that the address comes first and the single fields go over it.
    for (const Row& row : kRows) {
        if (fields.contains(row.name)) {
            const nb::object value = fields[row.name];
            row.set(read, Field{row.name, value});
        }
    }
    // Python threads pull; the engine runs no handlers on threads of its own.
    read.options.handler_threads = 0;
    return read;
}

}  // namespace multimqtt::bindings
