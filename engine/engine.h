#pragma once

/// The public face of the engine: describe a folder, plan, load, open a session, generate, cancel.

#include "events.h"
#include "image.h"
#include "memory/device_choice.h"
#include "memory/memory_plan.h"
#include "model.h"
#include "recipe.h"
#include "request.h"
#include "session.h"
