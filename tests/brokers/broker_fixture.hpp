// What every test of the exchange suite stands on: the broker of its row, and topics of its own.
#pragma once

#include "brokers/broker.hpp"
#include "brokers/peer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

namespace multimqtt::brokers {

/// One row of the suite: a broker, and the version of MQTT to speak with it.
struct Row {
    const BrokerKind* kind;
    VersionPolicy version;

    friend std::ostream& operator<<(std::ostream& stream, const Row& row) {
        return stream << row.kind->name << " with " << client::name_of(row.version);
    }
};

/// The broker is started for the first test and serves all tests of its instantiation, so each test keeps to
/// topics and client identifiers below `name()`.
class BrokerTest : public testing::TestWithParam<Row> {
protected:
    static void TearDownTestSuite();
    void SetUp() override;

    [[nodiscard]] static const BrokerKind& kind() { return *GetParam().kind; }
    [[nodiscard]] static Broker& broker() { return *broker_; }
    [[nodiscard]] static bool can(Feature feature) { return kind().can(feature); }

    /// Different in every test, and no longer than what every broker takes for a client identifier.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// A topic of this test.
    [[nodiscard]] std::string topic(std::string_view rest) const { return name_ + "/" + std::string{rest}; }

    /// The greatest QoS that this broker takes in a PUBLISH.
    [[nodiscard]] static Qos greatest() {
        return can(Feature::qos_2_publish) ? Qos::exactly_once : Qos::at_least_once;
    }

    /// Options for a client that ends its session with its connection.
    [[nodiscard]] Options options() const {
        Options options = client::test_options(broker_->uri(), GetParam().version);
        options.topic_alias_maximum = kind().topic_aliases ? options.topic_alias_maximum : 0;
        return options;
    }
    /// Options for one whose session lasts.
    [[nodiscard]] Options lasting(std::string_view role) const {
        return client::lasting(options(), name_ + std::string{role});
    }

    /// Says in the output what this broker does instead of `feature`, which the test then checks.
    static void say_limit(Feature feature);

private:
    static inline std::unique_ptr<Broker> broker_;
    static inline unsigned tests_ = 0;
    std::string name_;
};

/// For the names of the rows.
struct RowName {
    std::string operator()(const testing::TestParamInfo<Row>& row) const {
        return client::name_of(row.param.version);
    }
};

}  // namespace multimqtt::brokers
