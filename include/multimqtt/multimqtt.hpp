// Everything of MultiMQTT.
#pragma once

#include "multimqtt/client.hpp"
#include "multimqtt/dynsec.hpp"
#include "multimqtt/observer.hpp"
