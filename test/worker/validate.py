"""Is a prompt fit to run? Errors come in ComfyUI's shape, word for word where clients show them."""
from . import nodes


def error(kind, message, details="", **extra):
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def refusal(problem, node_errors=None):
    """The body of a 400."""
    return {"error": problem, "node_errors": node_errors or {}}


def no_prompt():
    return refusal(error("no_prompt", "No prompt provided", "No prompt provided"))


def check(prompt, catalogue, targets=None, is_file=None):
    """(error or None, outputs that may run, node_errors). A prompt with one good output runs.
    is_file: does a file of that name exist? Decides on inputs that take uploads."""
    outputs = []
    for node_id, node in prompt.items():
        name = node.get("class_type")
        title = (node.get("_meta") or {}).get("title", name)
        if name is None:
            return error(
                "missing_node_type", f"Node 'ID #{node_id}' has no class_type. The workflow may be "
                "corrupted or a custom node is missing.", f"Node ID '#{node_id}'",
                node_id=node_id, class_type=None, node_title=None), [], {}
        if name not in catalogue:
            return error(
                "missing_node_type", f"Node '{title}' not found. The custom node may not be "
                "installed.", f"Node ID '#{node_id}'",
                node_id=node_id, class_type=name, node_title=title), [], {}
        if catalogue[name]["output_node"] and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return error("prompt_no_outputs", "Prompt has no outputs"), [], {}

    checked = {}
    good, told, node_errors = [], [], {}
    for output in outputs:
        if check_node(prompt, catalogue, output, checked, is_file):
            good.append(output)
            continue
        told += [f"{e['message']}: {e['details']}" for e in checked[output][1]]
        for node_id, (_, errors) in checked.items():
            if errors:
                entry = node_errors.setdefault(node_id, {
                    "errors": errors, "dependent_outputs": [],
                    "class_type": prompt[node_id]["class_type"]})
                entry["dependent_outputs"].append(output)
    if not good:
        return error("prompt_outputs_failed_validation", "Prompt outputs failed validation",
                     "\n".join(told)), [], node_errors
    return None, good, node_errors


def check_node(prompt, catalogue, node_id, checked, is_file):
    """True if this node and all it depends on are fit; fills checked {id: (fit, own errors)}."""
    if node_id in checked:
        return checked[node_id][0]
    checked[node_id] = (False, [])  # what a cycle finds
    node = prompt[node_id]
    values = node.get("inputs") or {}
    errors, fit = [], True
    for name, kind in catalogue[node["class_type"]]["input"]["required"].items():
        if name not in values:
            errors.append(error("required_input_missing", "Required input is missing", name,
                                input_name=name))
        elif nodes.is_link(values[name]):
            problem = check_link(prompt, catalogue, name, kind, values[name])
            if problem:
                errors.append(problem)
            elif not check_node(prompt, catalogue, values[name][0], checked, is_file):
                fit = False
        else:
            if is_file and len(kind) > 1 and kind[1].get("image_upload"):
                problem = check_file(name, values[name], is_file)
            else:
                problem = check_value(name, kind, values[name])
            if problem:
                errors.append(problem)
    checked[node_id] = (fit and not errors, errors)
    return checked[node_id][0]


def check_link(prompt, catalogue, name, kind, link):
    if len(link) != 2 or link[0] not in prompt:
        return error("bad_linked_input",
                     "Bad linked input, must be a length-2 list of [node_id, slot_index]", name,
                     input_name=name, input_config=kind, received_value=link)
    outputs = catalogue[prompt[link[0]]["class_type"]]["output"]
    received = outputs[link[1]] if isinstance(link[1], int) and link[1] < len(outputs) else None
    if received != kind[0]:
        return error("return_type_mismatch", "Return type mismatch between linked nodes",
                     f"{name}, received_type({received}) mismatch input_type({kind[0]})",
                     input_name=name, input_config=kind, received_type=received, linked_node=link)
    return None


def check_file(name, value, is_file):
    """LoadImage looks for the file itself, so that names in subfolders pass, which are in no list."""
    if isinstance(value, str) and is_file(value):
        return None
    return error("custom_validation_failed", "Custom validation failed for node",
                 f"{name} - Invalid image file: {value}", input_name=name)


def check_value(name, kind, value):
    wanted, options = kind[0], kind[1] if len(kind) > 1 else {}
    if isinstance(wanted, list):
        if value not in wanted:
            listed = wanted if len(wanted) <= 20 else f"(list of length {len(wanted)})"
            return error("value_not_in_list", "Value not in list",
                         f"{name}: '{value}' not in {listed}",
                         input_name=name, input_config=kind, received_value=value)
        return None
    convert = {"INT": int, "FLOAT": float, "STRING": str}.get(wanted)
    if not convert:
        return None
    about = {"input_name": name, "input_config": kind, "received_value": value}
    try:
        value = convert(value)
    except (TypeError, ValueError) as why:
        return error("invalid_input_type", f"Failed to convert an input value to a {wanted} value",
                     f"{name}, {value}, {why}", exception_message=str(why), **about)
    if "min" in options and value < options["min"]:
        return error("value_smaller_than_min",
                     f"Value {value} smaller than min of {options['min']}", name, **about)
    if "max" in options and value > options["max"]:
        return error("value_bigger_than_max",
                     f"Value {value} bigger than max of {options['max']}", name, **about)
    return None
