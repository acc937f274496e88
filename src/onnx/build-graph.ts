import { present } from "../core/invariant.js";
import { bytesOf } from "../ir/element-type.js";
import {
  type Operator,
  type OperatorGraph,
  type OperatorId,
  operatorId,
  type Tensor,
  type TensorId,
  tensorId,
} from "../ir/operator-graph.js";
import { countOf, type Fact, UNKNOWN } from "./infer/fact.js";
import { callOf, type NodeCall } from "./infer/node-call.js";
import type { Scope } from "./infer/scope.js";
import type { TensorType } from "./lowered-model.js";
import type { OnnxModel, OnnxNode } from "./model.js";
import type { Roles } from "./node-roles.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";
import { type WorkContext, workOf } from "./work/body-work.js";

/**
 * The operator graph of a model: one operator per node that does work, tensors with views resolved.
 *
 * Order: operators as the nodes; tensors: inputs of the graph, then outputs as operators write them.
 * Outputs of the graph that are constants are left out, for no operator makes them.
 * Requires: complete facts of everything that operators read and write.
 * Cost: O(nodes + edges).
 */
export function buildGraph(
  model: OnnxModel,
  scope: Scope,
  roles: Roles,
  context: WorkContext,
): OperatorGraph {
  const builder = new GraphBuilder(scope, roles);
  for (const input of model.graph.inputs) {
    builder.addTensor(input.name, undefined);
  }
  const inputs = builder.tensors.map((tensor) => tensor.id);
  for (const [at, node] of model.graph.nodes.entries()) {
    if (roles.roles[at] === "operator") {
      builder.addOperator(node, at, context);
    }
  }
  const outputs = model.graph.outputs
    .map((output) => builder.find(output.name))
    .filter((id) => id !== undefined);
  return {
    name: model.graph.name,
    operators: builder.operators,
    tensors: builder.tensors,
    inputs,
    outputs,
  };
}

interface GrowingTensor extends Tensor {
  readonly consumers: OperatorId[];
}

interface GrowingOperator extends Operator {
  readonly successors: OperatorId[];
}

class GraphBuilder {
  readonly tensors: GrowingTensor[] = [];
  readonly operators: GrowingOperator[] = [];
  readonly #ids = new Map<string, TensorId>();
  readonly #scope: Scope;
  readonly #roles: Roles;

  constructor(scope: Scope, roles: Roles) {
    this.#scope = scope;
    this.#roles = roles;
  }

  /** The tensor of a value, or of what it is a view of; `undefined` for constants. */
  find(name: string): TensorId | undefined {
    return this.#ids.get(this.#roles.viewOf.get(name) ?? name);
  }

  addTensor(name: string, producer: OperatorId | undefined): TensorId {
    const id = tensorId(this.tensors.length);
    const type = storageType(this.#scope.get(name) ?? UNKNOWN);
    const bytes = bytesOf(type.elementType, countOf(type.dims) ?? 0);
    this.tensors.push({ id, name, ...type, bytes, producer, consumers: [] });
    this.#ids.set(name, id);
    return id;
  }

  addOperator(node: OnnxNode, at: number, context: WorkContext): void {
    const id = operatorId(this.operators.length);
    const inputs = this.#inputsOf(node, at);
    const predecessors = new Set<OperatorId>();
    for (const input of new Set(inputs)) {
      const tensor = present(this.tensors[input], "tensor");
      tensor.consumers.push(id);
      if (tensor.producer !== undefined) {
        predecessors.add(tensor.producer);
      }
    }
    for (const predecessor of predecessors) {
      present(this.operators[predecessor], "operator").successors.push(id);
    }
    const written = node.outputs.filter((name) => name !== "" && this.#roles.used.has(name));
    const facts = node.outputs.map((name) =>
      this.#roles.used.has(name) ? (this.#scope.get(name) ?? UNKNOWN) : UNKNOWN,
    );
    const call = callOf(node, this.#scope, context.model);
    this.operators.push({
      id,
      name: node.name,
      type: typeOf(node),
      ...computationOf(call, facts),
      node: at,
      inputs,
      outputs: written.map((name) => this.addTensor(name, id)),
      predecessors: [...predecessors].sort((a, b) => a - b),
      successors: [],
      work: workOf(call, facts, context),
    });
  }

  /** The node's inputs in order, then what its bodies read from outside. */
  #inputsOf(node: OnnxNode, at: number): TensorId[] {
    const own = new Set(node.inputs);
    const captured = (this.#roles.reads[at] ?? []).filter((name) => !own.has(name));
    return [...node.inputs, ...captured].flatMap((name) => {
      const id = name === "" ? undefined : this.find(name);
      return id === undefined ? [] : [id];
    });
  }
}

/** The form, products and recurrence of an operator, by its type's row. */
function computationOf(
  call: NodeCall,
  outputs: readonly Fact[],
): Pick<Operator, "form" | "products" | "recurrence"> {
  const type = operatorTypeNamed(typeOf(call.node));
  const products = type?.products?.({ call, outputs });
  return {
    form: type?.form ?? "unknown",
    ...(products === undefined ? {} : { products }),
    ...(type?.recurrence === undefined ? {} : { recurrence: type.recurrence(call) }),
  };
}

/** A sequence is stored as one run of elements. */
function storageType(fact: Fact): TensorType {
  const items = fact.items ?? [fact];
  const elementType = items[0]?.elementType ?? "float32";
  const dims =
    fact.items === undefined
      ? fact.dims
      : [items.reduce((n, item) => n + (countOf(item.dims) ?? 0), 0)];
  return { elementType, dims: (dims ?? []).map((dim) => dim ?? 0) };
}
